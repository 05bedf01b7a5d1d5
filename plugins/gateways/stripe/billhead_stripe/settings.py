"""A Stripe account as it is entered: its keys, and where its API is."""

import re
from dataclasses import dataclass

from billhead.plugin import InvalidInput, option, secret, secure_address

__all__ = ["STRIPE", "StripeSettings"]

STRIPE = "https://api.stripe.com"

_KEY = re.compile(r"(?:sk|rk)_(?P<mode>test|live)_[A-Za-z0-9_]+")


@dataclass(frozen=True)
class StripeSettings:
    api_key: str = secret("Secret key", hint="sk_live_… or a restricted rk_live_…; sk_test_… takes no real money")
    webhook_secret: str = secret("Signing secret", hint="whsec_…, of the endpoint with this account's callback address")
    former_webhook_secret: str = secret(
        "Former signing secret", default="", hint="only while the secret is being rolled: both are valid then"
    )
    book_payouts: bool = option(
        "Book payouts", default=True, hint="switch it off if other shops use this Stripe account too"
    )
    timeout_seconds: int = option("Timeout in seconds", default=30, minimum=1, maximum=120)
    url: str = option("Address of the API", default=STRIPE, hint="leave it, unless for tests")

    def __post_init__(self) -> None:
        if not _KEY.fullmatch(self.api_key):
            raise InvalidInput(
                "api_key",
                "is no secret key of Stripe",
                hint="It begins with sk_live_, rk_live_, sk_test_ or rk_test_; pk_… is for browsers.",
            )
        for name in ("webhook_secret", "former_webhook_secret"):
            if not getattr(self, name).startswith("whsec_") and (name == "webhook_secret" or getattr(self, name)):
                raise InvalidInput(name, "is no signing secret of Stripe", hint="It begins with whsec_.")
        secure_address("url", self.url)

    @property
    def live(self) -> bool:
        """Whether real money moves: test and live mode are two worlds at Stripe."""
        found = _KEY.fullmatch(self.api_key)
        return found is not None and found["mode"] == "live"

    @property
    def webhook_secrets(self) -> tuple[str, ...]:
        return tuple(one for one in (self.webhook_secret, self.former_webhook_secret) if one)
