"""Typed settings of one installation, from the environment or `BILLHEAD_HOME/billhead.toml` (the environment wins)."""

import os
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from billhead.domain.errors import InvalidInput
from billhead.domain.whole_number import whole_number

__all__ = ["Config", "load_config"]

_STORED = (
    *("broker_url", "country_file", "country_header", "database_url", "host", "hosting_file", "port", "proxies"),
    *("public_url", "secret_key"),
)
_MOST_PROXIES = 10


@dataclass(frozen=True, slots=True)
class Config:
    """What differs between two installations; everything an operator edits in the admin area lives in the database."""

    home: Path
    database_url: str
    broker_url: str
    secret_key: str
    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str = ""
    country_header: str = ""  # in which the proxy in front names the country of whoever asks, like CF-IPCountry
    country_file: str = ""  # networks and their countries, CSV or MMDB: for the screening of orders
    hosting_file: str = ""  # networks of proxies and data centres, one a line
    proxies: int | None = None  # how many of ours stand in front, one behind the other; None: one where it is https
    testing: bool = False

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")

    @property
    def embedded(self) -> bool:
        """True when web, worker and scheduler share this process (Celery on `memory://`)."""
        return self.broker_url.startswith("memory://")

    @property
    def trusted_proxies(self) -> int:
        """How many entries of X-Forwarded-For our own proxies have written, counted from its end.

        Our servers speak no TLS: behind an https address there is one at least. Elsewhere nobody is believed.
        """
        return self.proxies if self.proxies is not None else int(self.is_https)

    @property
    def base_url(self) -> str:
        """The address that customers, gateways and mails use."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def is_https(self) -> bool:
        return self.base_url.startswith("https:")


def load_config(environ: Mapping[str, str] | None = None) -> Config:
    """Read the settings; a first start creates the home folder and a secret key that is kept there.

    Raises InvalidInput naming the setting that can't be read.
    """
    env = os.environ if environ is None else environ
    home = Path(env.get("BILLHEAD_HOME", "var")).resolve()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)  # the database in it is nobody else's to read
    stored = _stored(home / "billhead.toml")

    def setting(name: str, default: str) -> str:
        return env.get(f"BILLHEAD_{name.upper()}") or str(stored.get(name, default))

    port, proxies = setting("port", "8000"), setting("proxies", "")
    return Config(
        home=home,
        database_url=setting("database_url", f"sqlite:///{home / 'billhead.sqlite3'}"),
        broker_url=setting("broker_url", "memory://"),
        secret_key=setting("secret_key", "") or _kept_secret(home / "secret.key"),
        host=setting("host", "127.0.0.1"),
        port=_number("BILLHEAD_PORT", port, 65535, "a port number"),
        public_url=setting("public_url", ""),
        country_header=setting("country_header", ""),
        country_file=setting("country_file", ""),
        hosting_file=setting("hosting_file", ""),
        proxies=_number("BILLHEAD_PROXIES", proxies, _MOST_PROXIES, "a number") if proxies else None,
    )


def _number(setting: str, text: str, most: int, what: str) -> int:
    number = whole_number(text)
    if number is None or number > most:
        raise InvalidInput(setting, f"{text!r} is not {what} from 0 to {most}")
    return number


def _stored(file: Path) -> dict[str, Any]:
    if not file.exists():
        return {}
    try:
        stored = tomllib.loads(file.read_text("utf-8"))
    except ValueError as wrong:
        raise InvalidInput(str(file), f"is not TOML: {wrong}") from wrong
    for name in stored:
        if name not in _STORED:
            raise InvalidInput(str(file), f"{name!r} is not a setting", hint=f"There are: {', '.join(_STORED)}")
    return stored


def _kept_secret(path: Path) -> str:
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
    return path.read_text("ascii").strip()
