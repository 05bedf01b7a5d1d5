"""What an operator tells us about one Xtream panel."""

from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from billhead.plugin import InvalidInput, marked, option, secret

DIALECTS = ("xui_admin", "xui_reseller", "classic")


@dataclass(frozen=True)
class XtreamSettings:
    url: str = option(
        "Panel address",
        hint="http://panel.example:8080/ACCESSCODE/ with an access code of the type Admin API;"
        " classic panels: http://panel.example:25461/",
    )
    api_key: str = secret(
        "API key", default="", hint="32 characters, from the panel profile of an enabled administrator; classic: none"
    )
    api_pass: str = secret("API password", default="", hint="classic panels only, and only where the panel has one")
    dialect: str = option(
        "Dialect",
        default="auto",
        choices=(marked("auto"), *DIALECTS),
        hint="auto: found by asking the panel when it is set up or checked, and kept then;"
        " xui_reseller: each renewal is bought with your credits",
    )
    player_url: str = option(
        "Address for players", default="", hint="http://tv.example:8080, as customers see it; empty: the panel's own"
    )
    bouquet_encoding: str = option(
        "Bouquets are sent as",
        default="json",
        choices=("json", "array"),
        hint="json for nearly every panel; array if creating a line answers nothing",
    )
    find_by: str = option(
        "Accounts are found by",
        default="lists",
        choices=("lists", "sql"),
        hint="sql only where the panel's list calls answer null (version 2.1.2): SELECTs through its mysql_query",
    )
    outputs: str = option("Stream formats of new lines", default="1,2", hint="1 HLS, 2 MPEG-TS, 3 RTMP; with commas")
    member_id: int = option("Owner of new lines", default=0, minimum=0, hint="a panel user's id; 0: the key's own user")
    restreamer_plans: str = option(
        "Plans for restreamers",
        default="",
        hint="names with commas: their lines get the restreamer flag, others lose it",
    )
    lock_country: bool = option(
        "Hold lines to the country of their licence",
        default=False,
        hint="xui_admin: forced_country of a line whose bouquets are licensed in one country alone; others lose it",
    )
    cut_streams: bool = option(
        "Cut running streams", default=True, hint="of a line that is blocked or removed; else they run until they end"
    )
    verify_players: bool = option(
        "Ask as a player after a block", default=True, hint="and wait for some seconds until players see it, too"
    )
    log_wait_seconds: int = option(
        "Wait for the log before a removal",
        default=5,
        minimum=0,
        maximum=120,
        hint="what runs when a line is removed is logged about a minute later; counted viewings are read before",
    )
    database_host: str = option(
        "Database host", default="", hint="the panel's MySQL or MariaDB, read only; empty: not used"
    )
    database_port: int = option("Database port", default=3306, minimum=1, maximum=65_535)
    database_name: str = option("Database name", default="", hint="xui, xtream_iptvpro, …")
    database_user: str = option("Database user", default="", hint="one that may do nothing but SELECT")
    database_password: str = secret("Database password", default="")
    database_tls: bool = option("Encrypted database connection", default=False)
    timeout_seconds: int = option("Timeout in seconds", default=30, minimum=1, maximum=300)

    def __post_init__(self) -> None:
        address = _address("url", self.url)
        if self.spoken != "classic" and not self.api_key:
            raise InvalidInput("api_key", "API key is required", hint="Only the dialect classic has none.")
        if self.spoken != "classic" and not address.path.strip("/"):
            raise InvalidInput(
                "url", "the access code is missing", hint="Write it as http://panel.example:8080/ACCESSCODE/."
            )
        if self.database_host and not (self.database_name and self.database_user):
            raise InvalidInput("database_name", "name and user of the database are needed with its host")
        if self.database_host and self.spoken == "xui_reseller":
            raise InvalidInput("database_host", "a reseller's key goes without the panel's database")
        if self.player_url:
            _address("player_url", self.player_url)
        if not self.output_ids or not set(self.output_ids) <= {"1", "2", "3"}:
            raise InvalidInput(
                "outputs", f"{self.outputs!r} is not a list of 1, 2 and 3", hint='Write for example "1,2".'
            )

    @property
    def spoken(self) -> str:
        """The dialect in use. `auto` is a guess until the panel was asked, so that a plan needs no panel."""
        if self.dialect != "auto":
            return self.dialect
        return "xui_admin" if self.api_key else "classic"

    @property
    def endpoint(self) -> str:
        """With its slash at the end: without it the panel redirects and the redirect loses the call."""
        return self.url.removesuffix("api.php").rstrip("/") + "/"

    @property
    def players(self) -> str:
        """Where players go, without a slash at the end."""
        if self.player_url:
            return self.player_url.rstrip("/")
        address = urlsplit(self.url)
        return f"{address.scheme}://{address.netloc}"

    @property
    def restreamers(self) -> frozenset[str]:
        return frozenset(part.strip() for part in self.restreamer_plans.split(",") if part.strip())

    @property
    def output_ids(self) -> tuple[str, ...]:
        return tuple(part.strip() for part in self.outputs.split(",") if part.strip())


def _address(field: str, text: str) -> SplitResult:
    address = urlsplit(text)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise InvalidInput(field, f"{text!r} is not a web address", hint="Write it as http://panel.example:8080/….")
    if address.query or address.fragment:
        raise InvalidInput(
            field, "must not hold a question mark or a number sign", hint="Enter the key in its own field."
        )
    return address
