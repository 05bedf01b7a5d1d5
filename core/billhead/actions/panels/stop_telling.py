"""Stop telling a panel's addresses: the mails that were queued by now are sent."""

from dataclasses import dataclass

from billhead import clock
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, NotFound
from billhead.models.panels import AddressNews

__all__ = ["TellingStopped", "stop_telling"]


@dataclass(frozen=True, slots=True)
class TellingStopped:
    news_id: int
    told: int


@verb("panels.stop_telling", permission="panels.write")
def stop_telling(tx: Tx, news_id: int) -> TellingStopped:
    """Raises NotFound, or Conflict when it is over already."""
    news = tx.session.get(AddressNews, news_id, with_for_update=True)
    if news is None:
        raise NotFound("news", news_id)
    if news.state != "running":
        raise Conflict(f"this is {news.state} already")
    news.state, news.finished_at = "canceled", clock.now()
    return TellingStopped(news_id, news.told)
