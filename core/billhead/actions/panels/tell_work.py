"""Tell everybody on a panel that it will be worked on, from when until when: ahead of time, and once each.

Told as new addresses are (`tell_addresses`), but one message a customer, however many lines they have there.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from billhead import clock
from billhead.actions.panels._telling import begin_telling
from billhead.actions.panels._who_watches import who_watches
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.models.panels import AddressNews, Panel
from billhead.models.people import Customer

__all__ = ["WorkAsked", "WorkPreview", "preview_tell_work", "tell_work"]

_LONGEST = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class WorkPreview:
    """Lines of the panel that run, of how many customers, and how many of these have no mail address."""

    lines: int
    customers: int
    unreached: int


@dataclass(frozen=True, slots=True)
class WorkAsked:
    news_id: int
    customers: int


def preview_tell_work(tx: Tx, panel_id: int) -> WorkPreview:
    """Raises NotFound."""
    if tx.session.get(Panel, panel_id) is None:
        raise NotFound("panel", panel_id)
    people = func.count(func.distinct(Customer.id))
    counted = who_watches(panel_id, func.count(), people, people.filter(Customer.email == ""))
    return WorkPreview(*tx.session.execute(counted).one())


@verb("panels.tell_work", permission="panels.write")
def tell_work(tx: Tx, panel_id: int, begins_at: datetime, ends_at: datetime, words: str = "") -> WorkAsked:
    """Begin to tell. `words` stand in the message, up to 500 characters. The panel itself is not switched to rest.

    Raises NotFound, InvalidInput (`begins_at` has passed, `ends_at` is not after it or more than a week later), or
    Conflict: nobody is on the panel, or this very work was told already.
    """
    if begins_at <= clock.business_now():
        raise InvalidInput("begins_at", "has passed: say when it will begin")
    if not begins_at < ends_at <= begins_at + _LONGEST:
        raise InvalidInput("ends_at", "must be after the beginning, and within a week of it")
    tx.session.get(Panel, panel_id, with_for_update=True)
    found = preview_tell_work(tx, panel_id)
    if not found.customers:
        raise Conflict("nobody watches by this panel, so there is nobody to tell")
    row = AddressNews
    same = select(row.id).where(
        row.panel_id == panel_id, row.kind == "work", row.begins_at == begins_at, row.ends_at == ends_at,
        row.state != "canceled",
    )  # fmt: skip
    if tx.session.scalar(same.limit(1)) is not None:
        raise Conflict("this work was told already", code="work_told")
    news = AddressNews(
        panel_id=panel_id, kind="work", begins_at=begins_at, ends_at=ends_at, words=words, total=found.customers
    )  # fmt: skip
    return WorkAsked(begin_telling(tx, news), found.customers)
