"""Who gets the copies, and the secret that signs them."""

from dataclasses import dataclass

from billhead.plugin import InvalidInput, option, secret, secure_address

__all__ = ["WebhookSettings"]


@dataclass(frozen=True)
class WebhookSettings:
    url: str = option("Address", default="", hint="https://crm.example/billhead")
    signing_secret: str = secret("Signing secret", default="", hint="at least 24 signs; the receiver has the same")
    timeout_seconds: int = option("Timeout in seconds", default=10, minimum=1, maximum=30)

    def __post_init__(self) -> None:
        secure_address("url", self.url)
        if len(self.signing_secret) < 24:
            raise InvalidInput("signing_secret", "is too short", hint="Take 24 random signs or more.")
