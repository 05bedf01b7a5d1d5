"""A PayPal app as it is entered: its credentials, its webhook, and where its API is."""

import re
from dataclasses import dataclass

from billhead.plugin import InvalidInput, option, secret, secure_address

__all__ = ["PAYPAL", "PayPalSettings"]

PAYPAL = "https://api-m.paypal.com"

_ID = re.compile(r"[A-Za-z0-9_-]{1,120}")
_LONGEST_BRAND = 127


@dataclass(frozen=True)
class PayPalSettings:
    client_id: str = option("Client ID", hint="of the app, under Apps & Credentials at PayPal")
    client_secret: str = secret("Secret", hint="of the same app")
    webhook_id: str = option("Webhook ID", hint="of the webhook with this account's callback address")
    brand: str = option("Name on PayPal's page", default="", hint="empty: the name of the PayPal account")
    timeout_seconds: int = option("Timeout in seconds", default=30, minimum=1, maximum=120)
    url: str = option("Address of the API", default=PAYPAL, hint="https://api-m.sandbox.paypal.com takes no real money")

    def __post_init__(self) -> None:
        for name in ("client_id", "client_secret", "webhook_id"):
            if not _ID.fullmatch(getattr(self, name)):
                raise InvalidInput(name, "is none of PayPal's", hint="Copy it from the app's page at PayPal.")
        if len(self.brand) > _LONGEST_BRAND:
            raise InvalidInput("brand", f"is longer than {_LONGEST_BRAND} characters", hint="Shorten it.")
        secure_address("url", self.url)
