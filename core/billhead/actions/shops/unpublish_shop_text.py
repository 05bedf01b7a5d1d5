"""Nobody reads a page of a shop's own in one language any more; it stays as a draft."""

from billhead.actions.content.unpublish_text import unpublish_text
from billhead.actions.shops._own import as_operator, lock_shop
from billhead.actions.verb import verb
from billhead.db import Tx

__all__ = ["unpublish_shop_text"]


@verb("shops.unpublish_text")
def unpublish_shop_text(tx: Tx, reseller_id: int, page_id: int, language: str) -> None:
    """Twice is as once. Raises NotFound or NotAllowed."""
    own = lock_shop(tx, reseller_id)
    unpublish_text(as_operator(tx, "content.write"), own.seller.id, page_id, language)
