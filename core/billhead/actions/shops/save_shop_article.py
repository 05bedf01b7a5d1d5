"""A help article of a reseller's shop."""

from dataclasses import replace

from billhead.actions.helping.save_article import ArticleEntry, save_article
from billhead.actions.shops._own import as_operator, lock_shop
from billhead.actions.verb import verb
from billhead.db import Tx

__all__ = ["save_shop_article"]


@verb("shops.save_article")
def save_shop_article(tx: Tx, reseller_id: int, entry: ArticleEntry, article_id: int | None = None) -> int:
    """Its id. Raises NotFound (also for another seller's article), NotAllowed, and what `save_article` raises."""
    own = lock_shop(tx, reseller_id)
    return save_article(as_operator(tx, "help.write"), own.seller.id, replace(entry, in_shops=False), article_id)
