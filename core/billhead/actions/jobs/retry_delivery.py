"""Deliver a parked event to its plugin once more."""

from dataclasses import dataclass

from billhead import clock
from billhead.actions.events import queue_delivery
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, NotFound
from billhead.models.operations import EventDelivery

__all__ = ["Redelivered", "retry_delivery"]


@dataclass(frozen=True, slots=True)
class Redelivered:
    event_delivery_id: int


@verb("jobs.retry_delivery", permission="jobs.write")
def retry_delivery(tx: Tx, delivery_id: int) -> Redelivered:
    delivery = tx.session.get(EventDelivery, delivery_id, with_for_update=True)
    if delivery is None:
        raise NotFound("delivery", delivery_id)
    if delivery.state == "done":
        raise Conflict(f"Delivery {delivery_id} is done.")
    delivery.state, delivery.tries, delivery.due_at = "pending", 0, clock.business_now()
    queue_delivery(tx, delivery.plugin)
    return Redelivered(delivery_id)
