"""What an operator tells about a portal. Wrong addresses and zones are refused when the form is saved."""

from dataclasses import dataclass
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from billhead.plugin import InvalidInput, option, secret

_PAGES = ("/api/v1", "/api", "/c", "/server/load.php")  # addresses inside a portal that are often pasted


@dataclass(frozen=True)
class StalkerSettings:
    url: str = option("Portal address", hint="https://portal.example/stalker_portal")
    login: str = option("API login", hint="api_auth_login in the portal's server/custom.ini")
    password: str = secret("API password", hint="api_auth_password in server/custom.ini")
    zone: str = option("The portal's time zone", hint="Like Europe/Helsinki: its end dates are days of this zone")
    portal_ends_lines: bool = option(
        "The portal ends lines by itself",
        default=True,
        hint="On if enable_internal_billing = true in custom.ini. Off: Billhead blocks each line when its time is over",
    )
    keep_records: bool = option(
        "Keep accounts that have ended, blocked",
        default=False,
        hint="Choose this if auto_add_stb is on: a box whose account is deleted would come back with a free one",
    )
    portal_url: str = option("Address for boxes", default="", hint="Empty: the portal address with /c/")
    refresh_boxes: bool = option(
        "Boxes load their channels anew after a change",
        default=True,
        hint="A box that is on is told when its plan or packages change, and needs no restart",
    )
    timeout_seconds: int = option("Timeout in seconds", default=30, minimum=1, maximum=300)
    database_host: str = option(
        "Database server",
        default="",
        hint="Optional, MySQL or MariaDB. Without it: no reseller on the portal, no viewing history",
    )
    database_port: int = option("Database port", default=3306, minimum=1, maximum=65535)
    database_name: str = option("Database name", default="stalker_db", hint="mysql_db in server/custom.ini")
    database_user: str = option(
        "Database user", default="", hint="One of its own that may read, and write users.reseller_id only"
    )
    database_password: str = secret("Database password", default="")
    database_tls: bool = option("Encrypted database connection", default=False)

    def __post_init__(self) -> None:
        for name, text in (("url", self.url), ("portal_url", self.portal_url)):
            if text and not _is_web_address(text):
                raise InvalidInput(name, f"{text!r} is not a web address", hint="Write it from https:// on.")
        if self.database_host and not (self.database_user and self.database_name):
            missing = "database_name" if self.database_user else "database_user"
            raise InvalidInput(missing, "is needed to speak to the database", hint="Or leave the server's name empty.")
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            hint = "Write the zone of the portal's PHP setting date.timezone, such as Europe/Helsinki."
            raise InvalidInput("zone", f"there is no time zone {self.zone!r}", hint=hint) from error

    @property
    def root(self) -> str:
        """The portal's own address, without a slash at the end; a bare host means /stalker_portal."""
        root = self.url.rstrip("/")
        for page in _PAGES:
            root = root.removesuffix(page)
        return root if urlsplit(root).path else f"{root}/stalker_portal"

    @property
    def has_database(self) -> bool:
        return bool(self.database_host)

    @property
    def address_for_boxes(self) -> str:
        return self.portal_url or f"{self.root}/c/"


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.query and not parts.fragment
    except ValueError:
        return False
