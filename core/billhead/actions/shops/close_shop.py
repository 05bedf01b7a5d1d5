"""Close a reseller's shop: nothing new is sold, to nobody new. Who is there keeps what they have, and renews it."""

from dataclasses import dataclass

from sqlalchemy import select

from billhead import clock
from billhead.actions.resellers._tree import lock_resellers
from billhead.actions.verb import verb
from billhead.bulk import how_many
from billhead.db import Tx
from billhead.domain.document import Kind, ProformaState
from billhead.domain.errors import Conflict, NotFound
from billhead.domain.subscription import RUNNING
from billhead.models.documents import Document
from billhead.models.people import Customer
from billhead.models.shops import Shop, ShopSupply
from billhead.models.subscriptions import Subscription

__all__ = ["ClosePreview", "ShopClosed", "close_shop", "preview_close_shop"]


@dataclass(frozen=True, slots=True)
class ClosePreview:
    """All of it stays: customers, what runs, documents that may still be paid, paid orders that wait for credits."""

    customers: int
    running: int
    unpaid: int
    waiting: int


@dataclass(frozen=True, slots=True)
class ShopClosed:
    seller_id: int


def preview_close_shop(tx: Tx, reseller_id: int) -> ClosePreview:
    """Who is touched. Raises what `close_shop` raises."""
    shop = _open_shop_of(tx, reseller_id)

    offered = (Document.kind == Kind.PROFORMA) & (Document.state == ProformaState.OPEN.value)
    running = Subscription.state.in_([state.value for state in RUNNING])
    return ClosePreview(
        how_many(tx.session, Customer.seller_id == shop.seller_id),
        how_many(tx.session, Subscription.seller_id == shop.seller_id, running),
        how_many(tx.session, Document.seller_id == shop.seller_id, Document.owed() | offered),
        how_many(tx.session, ShopSupply.seller_id == shop.seller_id, ShopSupply.state == "waiting"),
    )


@verb("shops.close", permission="resellers.write")
def close_shop(tx: Tx, reseller_id: int) -> ShopClosed:
    """Raises NotFound, or Conflict: it is closed."""
    shop = _open_shop_of(tx, reseller_id)
    shop.state, shop.closed_at = "closed", clock.now()
    return ShopClosed(shop.seller_id)


def _open_shop_of(tx: Tx, reseller_id: int) -> Shop:
    (reseller,) = lock_resellers(tx, reseller_id)
    shop = tx.session.scalar(select(Shop).where(Shop.reseller_id == reseller.id).with_for_update())
    if shop is None:
        raise NotFound("shop", reseller.code)
    if shop.state != "open":
        raise Conflict(f"the shop of {reseller.name} is closed already")
    return shop
