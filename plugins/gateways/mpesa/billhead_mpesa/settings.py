"""An app at Safaricom's Daraja as it is entered: its credentials, the shortcode that is paid, and who may call."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from billhead.plugin import InvalidInput, option, secret, secure_address

__all__ = ["LIVE", "MpesaSettings"]

LIVE = "https://api.safaricom.co.ke"

_CREDENTIAL = re.compile(r"[!-~]{1,200}")
_NUMBER = re.compile(r"[0-9]{5,9}")


@dataclass(frozen=True)
class MpesaSettings:
    consumer_key: str = option("Consumer key", hint="of the app at Daraja, under My Apps")
    consumer_secret: str = secret("Consumer secret", hint="of the same app")
    shortcode: str = option("Shortcode", hint="the paybill number; for a till its store number")
    passkey: str = secret("Passkey", hint="of M-Pesa Express (Lipa na M-Pesa) for this shortcode")
    till: str = option("Till number", default="", hint="only for Buy Goods; empty: the shortcode is a paybill")
    deposits: bool = option(
        "Take deposits at the paybill", default=False, hint="registered at Safaricom when you check the account"
    )
    callers: str = option(
        "Addresses that may call", default="", hint="Safaricom's, with blanks between: 196.201.214.0/24; empty: any"
    )
    timeout_seconds: int = option("Timeout in seconds", default=30, minimum=1, maximum=120)
    url: str = option("Address of the API", default=LIVE, hint="https://sandbox.safaricom.co.ke takes no real money")

    def __post_init__(self) -> None:
        for name in ("consumer_key", "consumer_secret", "passkey"):
            if not _CREDENTIAL.fullmatch(getattr(self, name)):
                raise InvalidInput(name, "is none of Safaricom's", hint="Copy it from the app's page at Daraja.")
        if not _NUMBER.fullmatch(self.shortcode):
            raise InvalidInput("shortcode", "is no shortcode", hint="Five to nine digits, as 174379.")
        if self.till and not _NUMBER.fullmatch(self.till):
            raise InvalidInput("till", "is no till number", hint="Five to nine digits; empty for a paybill.")
        if self.till and self.deposits:
            raise InvalidInput(
                "deposits", "are for paybills", hint="A till has no account number to tell whose they are."
            )
        secure_address("url", self.url)
        self.networks()

    def networks(self) -> list[IPv4Network | IPv6Network]:
        """Who may call; empty: anybody who knows the address."""
        found = []
        for text in self.callers.replace(",", " ").split():
            try:
                found.append(ip_network(text, strict=False))
            except ValueError:
                raise InvalidInput(
                    "callers", f"{text!r} is no address or network", hint="Write them as 196.201.214.0/24."
                ) from None
        return found

    def lets_in(self, address: str) -> bool:
        networks = self.networks()
        try:
            return not networks or any(ip_address(address) in one for one in networks)
        except ValueError:
            return False
