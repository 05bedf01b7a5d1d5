"""Open a seller: the legal entity in whose name everything is sold. An installation begins with one."""

import re
from dataclasses import dataclass
from zoneinfo import available_timezones

from sqlalchemy import select

from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput
from billhead.domain.money import CREDITS, exponent
from billhead.models.sellers import Seller

__all__ = ["SellerOpened", "open_seller"]

_CODE = re.compile(r"[a-z][a-z0-9-]{0,39}")
_COUNTRY = re.compile(r"[A-Z]{2}")


@dataclass(frozen=True, slots=True)
class SellerOpened:
    seller_id: int
    is_new: bool


@verb("sellers.open", permission="sellers.write")
def open_seller(tx: Tx, code: str, name: str, country: str, currency: str, zone: str, mail_from: str) -> SellerOpened:
    """A seller that has this code already is left as it is. Raises InvalidInput naming the value that can't be used."""
    known = tx.session.scalar(select(Seller.id).where(Seller.code == code))
    if known is not None:
        return SellerOpened(known, is_new=False)
    if not _CODE.fullmatch(code):
        raise InvalidInput("code", f"{code!r}: use small letters, digits and -, beginning with a letter")
    if not name.strip():
        raise InvalidInput("name", "write the name that stands on invoices")
    if not _COUNTRY.fullmatch(country):
        raise InvalidInput(
            "country", f"{country!r} is not a country", hint="Use two capital letters of ISO 3166, like FI."
        )
    exponent(currency)
    if currency == CREDITS:
        raise InvalidInput("currency", f"{currency} is what resellers pay with; a seller keeps its books in money")
    if zone not in available_timezones():
        raise InvalidInput("zone", f"{zone!r} is not a time zone", hint="Use an IANA name, like Europe/Helsinki.")
    seller = Seller(code=code, name=name.strip(), legal_name=name.strip(), country=country, currency=currency)
    seller.zone, seller.mail_from, seller.address = zone, mail_from, {"country": country, "email": mail_from}
    tx.session.add(seller)
    tx.session.flush()
    return SellerOpened(seller.id, is_new=True)
