"""Open a shop of its own for a reseller: a seller with its own name, books, numbers, mail and money."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from billhead import clock
from billhead.actions.resellers._tree import lock_resellers
from billhead.actions.sellers._opening import add_seller
from billhead.actions.shops._gateways import allowed_gateways
from billhead.actions.shops._own import check_right, check_staff, customer_of
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput
from billhead.models.sellers import Seller
from billhead.models.shops import Shop

__all__ = ["NewShop", "ShopOpened", "open_shop"]


@dataclass(frozen=True, slots=True)
class NewShop:
    """`code` is its path, and stays. `gateways`: codes of those that the operator allows. What is left out is the
    reseller's own: name, country, currency, zone."""

    code: str
    name: str = ""
    mail_from: str = ""
    country: str = ""
    currency: str = ""
    zone: str = ""
    gateways: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class ShopOpened:
    seller_id: int
    reseller_id: int
    code: str


@verb("shops.open", permission="resellers.write")
def open_shop(tx: Tx, reseller_id: int, wanted: NewShop) -> ShopOpened:
    """It sells nothing yet: prices and a way to pay come next. Raises NotFound, NotAllowed (no right to a shop,
    suspended), InvalidInput (field and reason) or Conflict (it has one)."""
    check_staff(tx)
    (reseller,) = lock_resellers(tx, reseller_id)
    check_right(tx, reseller)
    if tx.session.scalar(select(Shop.seller_id).where(Shop.reseller_id == reseller.id)) is not None:
        raise Conflict(f"{reseller.name} has a shop already", hint="open it again, if it is closed")
    code = wanted.code.strip().lower()
    if tx.session.scalar(select(Seller.id).where(Seller.code == code)) is not None:
        raise InvalidInput("code", f"{code} is another seller's")
    own = customer_of(tx.session, reseller)
    seller = add_seller(
        tx,
        code,
        wanted.name or reseller.name,
        wanted.country or own.country,
        wanted.currency or own.currency,
        wanted.zone or own.zone,
        wanted.mail_from.strip() or own.email,
    )
    seller.legal_name = own.company or own.name
    seller.address = {**own.address, "country": seller.country, "email": seller.mail_from}
    seller.vat_id = own.vat_id
    operator = tx.session.get_one(Seller, reseller.seller_id)
    seller.theme, seller.worded = operator.theme, operator.worded  # it sells the operator's plans, in their words
    shop = Shop(
        seller_id=seller.id,
        reseller_id=reseller.id,
        gateways=allowed_gateways(wanted.gateways),
        looks={},
        opened_at=clock.now(),
    )
    tx.session.add(shop)
    tx.session.flush()
    return ShopOpened(seller.id, reseller.id, code)
