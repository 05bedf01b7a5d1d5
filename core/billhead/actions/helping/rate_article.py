"""Somebody says whether an article has helped."""

from datetime import timedelta

from sqlalchemy import update

from billhead.actions.access._limits import count_try
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import NotFound
from billhead.models.helping import HelpArticle

__all__ = ["rate_article"]

_A_DAY = 20


@verb("helping.rate_article")
def rate_article(tx: Tx, article_id: int, helped: bool, network: str) -> None:
    """Once a day for each article and address, and so many in all. Raises NotFound, NotAllowed (`too_often`)."""
    row = tx.session.get(HelpArticle, article_id)
    if row is None or not row.published:
        raise NotFound("article", article_id)
    refusal = "Thank you; we have counted what you think."
    count_try(tx, f"help:{network}", _A_DAY, timedelta(days=1), refusal)
    count_try(tx, f"help:{network}:{article_id}", 1, timedelta(days=1), refusal)
    column = HelpArticle.helped if helped else HelpArticle.not_helped
    tx.session.execute(update(HelpArticle).where(HelpArticle.id == article_id).values({column.key: column + 1}))
