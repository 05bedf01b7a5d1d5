"""A store of a BTCPay Server as it is entered: its address, its key, its webhook, and how its invoices are."""

import re
from dataclasses import dataclass

from billhead.plugin import InvalidInput, option, secret, secure_address

__all__ = ["BTCPaySettings"]

SPEEDS = ("HighSpeed", "MediumSpeed", "LowMediumSpeed", "LowSpeed")

_KEY = re.compile(r"[A-Za-z0-9_-]{10,200}")
_METHOD = re.compile(r"[A-Z0-9]{2,20}(?:[-_][A-Za-z0-9]{1,30})?")
_SHORTEST_SECRET = 12


@dataclass(frozen=True)
class BTCPaySettings:
    url: str = option("Address of the server", hint="https://btcpay.example, as payers see it")
    store_id: str = option("Store ID", hint="in the server's Store settings, under General")
    api_key: str = secret(
        "API key", hint="of this store only; which permissions it needs stands in the plugin's README"
    )
    webhook_secret: str = secret("Webhook secret", hint="of the webhook with this account's callback address")
    speed_policy: str = option(
        "Confirmations",
        default="MediumSpeed",
        choices=SPEEDS,
        hint="HighSpeed 0, MediumSpeed 1, LowMediumSpeed 2, LowSpeed 6: after so many a payment counts",
    )
    payment_methods: str = option(
        "Payment methods", default="", hint="BTC-CHAIN BTC-LN, with blanks between; empty: all that the store offers"
    )
    expiry_minutes: int = option("Minutes to pay", default=60, minimum=5, maximum=1440, hint="the rate holds so long")
    timeout_seconds: int = option("Timeout in seconds", default=30, minimum=1, maximum=60)

    def __post_init__(self) -> None:
        for name in ("store_id", "api_key"):
            if not _KEY.fullmatch(getattr(self, name)):
                raise InvalidInput(name, "is none of BTCPay Server's", hint="Copy it from the server's own page.")
        if len(self.webhook_secret.strip()) < _SHORTEST_SECRET:
            raise InvalidInput(
                "webhook_secret",
                f"must have at least {_SHORTEST_SECRET} characters",
                hint="With an empty or short one anybody could sign messages; copy it from the webhook's page.",
            )
        for method in self.methods:
            if not _METHOD.fullmatch(method):
                raise InvalidInput("payment_methods", f"{method!r} is none", hint="They look like BTC-CHAIN or BTC-LN.")
        secure_address("url", self.url)

    @property
    def methods(self) -> list[str]:
        return self.payment_methods.replace(",", " ").split()
