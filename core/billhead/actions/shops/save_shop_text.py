"""What a page of a shop's own says in one language, as a draft or for everybody."""

from billhead.actions.content.save_text import TextEntry, save_text
from billhead.actions.shops._own import as_operator, lock_shop
from billhead.actions.verb import verb
from billhead.db import Tx

__all__ = ["save_shop_text"]


@verb("shops.save_text")
def save_shop_text(tx: Tx, reseller_id: int, page_id: int, entry: TextEntry, *, published: bool) -> int:
    """The version that it is now. Raises NotFound (also for another seller's page), NotAllowed, and what `save_text`
    raises."""
    own = lock_shop(tx, reseller_id)
    return save_text(as_operator(tx, "content.write"), own.seller.id, page_id, entry, published=published)
