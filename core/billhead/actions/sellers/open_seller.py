"""Open a seller: the legal entity in whose name everything is sold. An installation begins with one."""

from dataclasses import dataclass

from sqlalchemy import select

from billhead.actions.sellers._opening import add_seller
from billhead.actions.staff._starting import make_starting_roles
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.models.sellers import Seller

__all__ = ["SellerOpened", "open_seller"]


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
    seller = add_seller(tx, code, name, country, currency, zone, mail_from)
    make_starting_roles(tx)
    return SellerOpened(seller.id, is_new=True)
