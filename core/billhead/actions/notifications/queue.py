"""Queue a notice to a customer. `key` is why it goes out once, however often the same reason comes up."""

from typing import Any

from billhead.actions.notifications._queueing import queued_once
from billhead.actions.notifications._ways import ways_to
from billhead.db import Tx

__all__ = ["queue_notice"]


def queue_notice(tx: Tx, customer_id: int, kind: str, key: str, data: dict[str, Any]) -> int | None:
    """Write the notices, one for each channel that the customer chose, and the jobs that send them. Returns the first;
    None if the same key was queued before, or there is no address.

    `data` holds ids only: the text is made when it is sent, so that it tells what is true then.
    """
    queued = []
    for way in ways_to(tx.session, customer_id, kind):
        to = {"customer_id": customer_id, "channel": way.channel, "recipient": way.recipient}
        queued.append(queued_once(tx, kind, key, data, way.due_at, way.held_until, **to))
    return next((one for one in queued if one is not None), None)
