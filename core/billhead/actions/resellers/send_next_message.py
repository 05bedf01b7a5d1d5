"""The next of those whom a reseller writes to, in short transactions."""

from dataclasses import dataclass

from sqlalchemy import select

from billhead import clock
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.resellers._messages import KIND, data_of
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.models.people import Customer
from billhead.models.resellers import ResellerMessage, ResellerMessageItem

__all__ = ["SentNext", "send_next_message"]

_BATCH = 20


@dataclass(frozen=True, slots=True)
class SentNext:
    message_id: int
    more: bool


@verb("resellers.send_next_message", permission="resellers.write")
def send_next_message(tx: Tx, message_id: int) -> SentNext:
    """It may be killed and run again at any moment: nobody is told twice."""
    message = tx.session.get_one(ResellerMessage, message_id, with_for_update=True, populate_existing=True)
    if message.state != "running":
        return SentNext(message_id, False)
    items = tx.session.scalars(
        select(ResellerMessageItem)
        .where(ResellerMessageItem.message_id == message_id, ResellerMessageItem.state == "waiting")
        .order_by(ResellerMessageItem.id)
        .limit(_BATCH)
    ).all()
    for item in items:
        data = dict(data_of(message, tx.session.get_one(Customer, item.customer_id)))
        key = f"{KIND}:{message.id}:{item.customer_id}"
        if queue_notice(tx, item.customer_id, KIND, key, data) is None:
            item.state, item.why = "refused", "wants no news"
            message.refused += 1
        else:
            item.state = "done"
            message.done += 1
    if len(items) < _BATCH:
        message.state, message.finished_at = "done", clock.now()
    return SentNext(message_id, len(items) == _BATCH)
