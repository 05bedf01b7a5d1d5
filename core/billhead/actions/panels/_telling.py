"""What begins to be told to everybody on a panel: one decision of its kind at a time."""

from sqlalchemy import select

from billhead import clock
from billhead.actions.scheduling import enqueue
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput
from billhead.models.panels import AddressNews

__all__ = ["begin_telling"]

_LONGEST = 500


def begin_telling(tx: Tx, news: AddressNews) -> int:
    """The news' id. The panel is locked. Raises InvalidInput (`words`) or Conflict: this is being told already."""
    news.words = news.words.strip()
    if len(news.words) > _LONGEST:
        raise InvalidInput("words", f"at most {_LONGEST} characters")
    row = AddressNews
    going_on = select(row.id).where(row.panel_id == news.panel_id, row.kind == news.kind, row.state == "running")
    if tx.session.scalar(going_on.limit(1)) is not None:
        raise Conflict(f"the {news.kind} of this panel are being told already", hint="wait for it, or stop it")
    news.actor, news.created_at = tx.ctx.actor, clock.now()
    tx.session.add(news)
    tx.session.flush()
    enqueue(tx, "panels.tell_addresses", {"news_id": news.id}, key=f"address_news:{news.id}")
    return news.id
