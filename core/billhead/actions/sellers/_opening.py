"""A new seller, with what every seller must have."""

import re

from billhead import clock
from billhead.db import Tx
from billhead.domain.countries import COUNTRIES
from billhead.domain.errors import InvalidInput
from billhead.domain.money import CREDITS, exponent
from billhead.models.sellers import Seller

__all__ = ["add_seller", "check_company"]

_CODE = re.compile(r"[a-z][a-z0-9-]{0,39}")


def add_seller(tx: Tx, code: str, name: str, country: str, currency: str, zone: str, mail_from: str) -> Seller:
    """The code is free. Raises InvalidInput naming the value that can't be used."""
    if not _CODE.fullmatch(code):
        raise InvalidInput("code", f"{code!r}: use small letters, digits and -, beginning with a letter")
    check_company(name, country, currency, zone)
    seller = Seller(code=code, name=name.strip(), legal_name=name.strip(), country=country, currency=currency)
    seller.zone, seller.mail_from, seller.address = zone, mail_from, {"country": country, "email": mail_from}
    tx.session.add(seller)
    tx.session.flush()
    return seller


def check_company(name: str, country: str, currency: str, zone: str) -> None:
    """What every seller is told of: raises InvalidInput naming the value that can't be used."""
    if not name.strip():
        raise InvalidInput("name", "write the name that customers know")
    if country not in COUNTRIES:
        hint = "write the two letters of ISO 3166, like FI"
        raise InvalidInput("country", f"{country!r} is not a country", hint=hint)
    exponent(currency)
    if currency == CREDITS:
        raise InvalidInput("currency", f"{currency} is what resellers pay with; a seller keeps its books in money")
    if zone not in clock.zones():
        raise InvalidInput("zone", f"{zone!r} is not a time zone", hint="use an IANA name, like Europe/Helsinki")
