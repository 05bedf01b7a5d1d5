"""Tell everybody on a panel its addresses: after its portal or its stream domain was changed.

The decision is a row; a job tells in batches, goes on where it stopped when its process is killed, and can be stopped.
Each line is told once by it. What a mail says is read when it is sent.
"""

from dataclasses import dataclass

from sqlalchemy import func

from billhead.actions.panels._telling import begin_telling
from billhead.actions.panels._who_watches import who_watches
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, NotFound
from billhead.models.panels import AddressNews, Panel
from billhead.models.people import Customer

__all__ = ["NewsAsked", "NewsPreview", "preview_tell_addresses", "tell_addresses"]


@dataclass(frozen=True, slots=True)
class NewsPreview:
    """Lines of the panel that run, of how many customers, and how many of the lines have nobody with a mail address."""

    lines: int
    customers: int
    unreached: int


@dataclass(frozen=True, slots=True)
class NewsAsked:
    news_id: int
    lines: int


def preview_tell_addresses(tx: Tx, panel_id: int) -> NewsPreview:
    """Raises NotFound."""
    if tx.session.get(Panel, panel_id) is None:
        raise NotFound("panel", panel_id)
    customers = func.count(func.distinct(Customer.id))
    counted = who_watches(panel_id, func.count(), customers, func.count().filter(Customer.email == ""))
    lines, people, unreached = tx.session.execute(counted).one()
    return NewsPreview(lines, people, unreached)


@verb("panels.tell_addresses", permission="panels.write")
def tell_addresses(tx: Tx, panel_id: int, words: str = "") -> NewsAsked:
    """Begin to tell. `words` stand in the mail below the addresses, as when the old ones end; up to 500 characters.

    Raises NotFound, InvalidInput, or Conflict: nobody is on the panel, or it is being told already.
    """
    tx.session.get(Panel, panel_id, with_for_update=True)
    found = preview_tell_addresses(tx, panel_id)
    if not found.lines:
        raise Conflict("nobody watches by this panel, so there is nobody to tell")
    news = AddressNews(panel_id=panel_id, kind="addresses", words=words, total=found.lines)
    return NewsAsked(begin_telling(tx, news), found.lines)
