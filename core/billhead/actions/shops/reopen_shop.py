"""Open a shop again that was closed: as it was, with its customers and prices."""

from billhead.actions.shops._own import lock_shop
from billhead.actions.shops.open_shop import ShopOpened
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict

__all__ = ["reopen_shop"]


@verb("shops.reopen", permission="resellers.write")
def reopen_shop(tx: Tx, reseller_id: int) -> ShopOpened:
    """Raises NotFound, NotAllowed (no right to a shop any more), or Conflict: it is open."""
    own = lock_shop(tx, reseller_id)
    if own.shop.state == "open":
        raise Conflict(f"the shop of {own.reseller.name} is open already")
    own.shop.state, own.shop.closed_at = "open", None
    return ShopOpened(own.seller.id, own.reseller.id, own.seller.code)
