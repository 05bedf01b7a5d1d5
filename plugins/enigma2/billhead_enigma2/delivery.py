"""Where a receiver downloads its channels: an address that nobody can guess, and that holds what is needed to answer.

The address seals the line's reference and password with the plugin's key. So nothing is stored, a new password ends
the old address, and so does a new key; while the panel's own address and the line's login are those of the day.
"""

import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import urlsplit

from cryptography.fernet import Fernet, InvalidToken

from billhead.plugin import InvalidInput, option, secret

__all__ = ["Delivery", "Settings"]

_LONGEST = 2000


@dataclass(frozen=True)
class Settings:
    """Of the plugin. Without both nothing is delivered, and lines are shown as the panel's own module shows them."""

    address: str = option(
        "Address of Billhead for receivers",
        default="",
        hint="https://billing.example, as receivers reach it. Old ones speak no modern TLS: http:// works for them.",
    )
    key: str = secret("Key", default="", hint="32 characters or more, at random. A new one ends all addresses so far.")
    name: str = option("Name of the bouquet", default="Television", hint="As the receiver lists it.")
    service_type: int = option(
        "Player", default=4097, minimum=1, maximum=8739, hint="4097 the receiver's own; 5001 or 5002 with ServiceApp."
    )

    def __post_init__(self) -> None:
        if self.address and (
            urlsplit(self.address).scheme not in ("http", "https") or not urlsplit(self.address).netloc
        ):
            raise InvalidInput("address", f"{self.address!r} is not a web address")
        if self.key and len(self.key) < 32:
            raise InvalidInput("key", "is shorter than 32 characters")
        if not self.name.strip() or not self.name.isprintable() or len(self.name) > 40:
            raise InvalidInput("name", "is missing, or longer than 40 letters")


class Delivery:
    """Makes addresses of lines, and finds the line of an address."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._sealed = Fernet(urlsafe_b64encode(sha256(f"enigma2:{settings.key}".encode()).digest()))

    @property
    def ready(self) -> bool:
        return bool(self.settings.address and self.settings.key)

    def token(self, ref: str, password: str) -> str:
        return self._sealed.encrypt(json.dumps([ref, password]).encode()).decode().rstrip("=")

    def address(self, token: str, file: str) -> str:
        return f"{self.settings.address.rstrip('/')}/x/enigma2/{token}/{file}"

    def opened(self, token: str) -> tuple[str, str] | None:
        """The line's reference, and its password when the address was given; None for whatever this plugin has not
        sealed with this key."""
        if not self.ready or len(token) > _LONGEST:
            return None
        try:
            ref, password = json.loads(self._sealed.decrypt(token + "=" * (-len(token) % 4)))
        except (InvalidToken, ValueError):
            return None
        return ref, password
