"""Hand events to the plugins that observe them: in order within an aggregate, each plugin for itself.

A delivery that fails comes back after 10 s, 20 s, 40 s …; until then later events of the same aggregate wait for it,
those of others go on. After 8 tries it is parked for a person, and its aggregate goes on without it. What waits for a
plugin that is switched off is delivered when it is on again.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from billhead import clock
from billhead.actions.events import queue_delivery
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import PluginFailed
from billhead.jobs.kinds import TryLater, backoff
from billhead.models import operations as rows
from billhead.plugin import Event
from billhead.plugin_host import plugins

__all__ = ["deliver_due"]

log = logging.getLogger(__name__)

_CTX = Context.system("job:events.deliver")
_MAX_TRIES = 8
_PAGE = 200
_AT_A_TIME = 1000


@dataclass(frozen=True, slots=True)
class _Delivery:
    id: int
    due_at: datetime
    event: Event


def deliver_due(plugin: str | None = None) -> int:
    """Deliver what is due to one plugin; without a name, queue a job for each plugin that something waits for.

    Returns how many deliveries (or jobs) that were. Raises TryLater when some wait for their next try.
    """
    if plugin is None:
        return _queue_for_all()
    return _deliver_to(plugin) if plugin in plugins().observers() else 0


def _queue_for_all() -> int:
    now = clock.business_now()
    with reading() as session:
        waiting = set(
            session.scalars(
                select(rows.EventDelivery.plugin)
                .where(rows.EventDelivery.state == "pending", rows.EventDelivery.due_at <= now)
                .distinct()
            )
        )
    wanted = sorted(waiting & set(plugins().observers()))
    with writing(_CTX) as tx:
        for plugin in wanted:
            queue_delivery(tx, plugin)
    return len(wanted)


def _deliver_to(plugin: str) -> int:
    delivered = 0
    waits: dict[str, datetime] = {}  # aggregate → when the first of its deliveries is due
    for delivery in _pending(plugin):
        aggregate = delivery.event.aggregate
        if aggregate in waits:
            continue
        if delivery.due_at <= clock.business_now():
            next_try = _deliver(plugin, delivery)
            delivered += 1
        else:
            next_try = delivery.due_at
        if next_try is not None:
            waits[aggregate] = next_try
        if delivered == _AT_A_TIME:
            raise TryLater(clock.business_now(), "more deliveries are due")
    if waits:
        raise TryLater(min(waits.values()), f"deliveries of {len(waits)} aggregates wait for their next try")
    return delivered


def _pending(plugin: str) -> Iterator[_Delivery]:
    """What waits for a plugin, in the order in which it happened; read in pages, none of them held open."""
    last = 0
    while True:
        page = _page(plugin, last)
        yield from page
        if len(page) < _PAGE:
            return
        last = page[-1].event.id


def _page(plugin: str, after: int) -> list[_Delivery]:
    delivery, event = rows.EventDelivery, rows.Event
    query = (
        select(delivery.id, delivery.due_at, event)
        .join(event, event.id == delivery.event_id)
        .where(delivery.plugin == plugin, delivery.state == "pending", delivery.event_id > after)
        .order_by(delivery.event_id)
        .limit(_PAGE)
    )
    with reading() as session:
        return [
            _Delivery(id_, due_at, Event(e.id, e.type, e.version, e.aggregate, e.at, e.data))
            for id_, due_at, e in session.execute(query)
        ]


def _deliver(plugin: str, delivery: _Delivery) -> datetime | None:
    """One try with no session open; returns when the next one is due, None when there is none."""
    failed: PluginFailed | None = None
    try:
        plugins().deliver(plugin, delivery.event)
    except PluginFailed as error:
        log.warning("event %s was not taken: %s", delivery.event.id, error)
        failed = error
    with writing(_CTX) as tx:
        row = tx.session.get_one(rows.EventDelivery, delivery.id)
        row.tries += 1
        row.error = str(failed)[:2000] if failed else ""
        if failed is None:
            row.state = "done"
        elif row.tries >= _MAX_TRIES:
            row.state = "parked"
        else:
            row.due_at = clock.business_now() + backoff(row.tries)
        return row.due_at if row.state == "pending" else None
