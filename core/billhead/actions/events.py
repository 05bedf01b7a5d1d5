"""Say that something happened: one event row, one delivery row for each plugin that observes events, one job for it."""

from typing import Any, cast

from sqlalchemy import Table, insert

from billhead import clock
from billhead.actions.scheduling import enqueue
from billhead.db import Tx, insert_row
from billhead.models.operations import Event, EventDelivery
from billhead.plugin import EVENT_TYPES
from billhead.plugin_host import plugins

__all__ = ["emit", "queue_delivery"]

_EVENT = insert(cast(Table, Event.__table__))  # built once: an event costs a statement and nothing else


def emit(tx: Tx, event_type: str, aggregate: str, data: dict[str, Any]) -> int:
    """Record an event of a documented type in this transaction; it is delivered after the commit. Returns its id."""
    if event_type not in EVENT_TYPES:
        raise ValueError(f"{event_type!r} is not in billhead.plugin.EVENT_TYPES: document it there first")
    row = {"type": event_type, "version": 1, "aggregate": aggregate, "data": data, "at": clock.business_now()}
    event_id = insert_row(tx.session, _EVENT, row)
    for name in plugins().observers():
        tx.session.add(EventDelivery(event_id=event_id, plugin=name, due_at=clock.business_now()))
        if name not in tx.session.info.setdefault("deliveries_queued", set()):
            queue_delivery(tx, name)
            tx.session.info["deliveries_queued"].add(name)
    return event_id


def queue_delivery(tx: Tx, plugin: str) -> None:
    """Queue the job that delivers to one plugin. A lane for each: a slow one holds up nobody else."""
    enqueue(tx, "events.deliver", {"plugin": plugin}, key=f"events.deliver:{plugin}", lane=f"events:{plugin}")
