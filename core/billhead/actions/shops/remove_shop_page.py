"""A page of a shop's own that nobody ever read is thrown away."""

from billhead.actions.content.remove_page import remove_page
from billhead.actions.shops._own import as_operator, lock_shop
from billhead.actions.verb import verb
from billhead.db import Tx

__all__ = ["remove_shop_page"]


@verb("shops.remove_page")
def remove_shop_page(tx: Tx, reseller_id: int, page_id: int) -> None:
    """Raises NotFound, NotAllowed, or Conflict for a page that was published once."""
    own = lock_shop(tx, reseller_id)
    remove_page(as_operator(tx, "content.write"), own.seller.id, page_id)
