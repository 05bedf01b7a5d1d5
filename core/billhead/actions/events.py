"""Say that something happened: one event row, one delivery row for each plugin that observes events, one job for it."""

from typing import Any

from billhead import clock
from billhead.actions.scheduling import enqueue
from billhead.db import Tx
from billhead.models.operations import Event, EventDelivery
from billhead.plugin import EVENT_TYPES
from billhead.plugin_host import plugins

__all__ = ["emit", "queue_delivery"]


def emit(tx: Tx, event_type: str, aggregate: str, data: dict[str, Any]) -> int:
    """Record an event of a documented type in this transaction; it is delivered after the commit. Returns its id."""
    if event_type not in EVENT_TYPES:
        raise ValueError(f"{event_type!r} is not in billhead.plugin.EVENT_TYPES: document it there first")
    event = Event(type=event_type, aggregate=aggregate, data=data, at=clock.business_now())
    tx.session.add(event)
    tx.session.flush()
    for name in plugins().observers():
        tx.session.add(EventDelivery(event_id=event.id, plugin=name, due_at=clock.business_now()))
        if name not in tx.session.info.setdefault("deliveries_queued", set()):
            queue_delivery(tx, name)
            tx.session.info["deliveries_queued"].add(name)
    return event.id


def queue_delivery(tx: Tx, plugin: str) -> None:
    """Queue the job that delivers to one plugin. A lane for each: a slow one holds up nobody else."""
    enqueue(tx, "events.deliver", {"plugin": plugin}, key=f"events.deliver:{plugin}", lane=f"events:{plugin}")
