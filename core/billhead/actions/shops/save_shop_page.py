"""Where a page of a shop's own stands: its address, and in the menu or at the foot."""

from billhead.actions.content.save_page import PageEntry, save_page
from billhead.actions.shops._own import as_operator, lock_shop
from billhead.actions.verb import verb
from billhead.db import Tx

__all__ = ["save_shop_page"]


@verb("shops.save_page")
def save_shop_page(tx: Tx, reseller_id: int, entry: PageEntry, page_id: int | None = None) -> int:
    """Its id. Raises NotFound (also for another seller's page), NotAllowed, and what `save_page` raises."""
    own = lock_shop(tx, reseller_id)
    return save_page(as_operator(tx, "content.write"), own.seller.id, entry, page_id)
