"""Queue a notice to a customer. `key` is why it goes out once, however often the same reason comes up."""

from typing import Any

from sqlalchemy import select

from billhead import clock
from billhead.actions.scheduling import enqueue
from billhead.db import Tx
from billhead.models.operations import Notice
from billhead.models.people import Customer

__all__ = ["queue_notice"]


def queue_notice(
    tx: Tx, customer_id: int, kind: str, key: str, data: dict[str, Any], *, channel: str = "email"
) -> int | None:
    """Write the notice and the job that sends it; None if the same key was queued before, or there is no address.

    `data` holds ids only: the text is made when it is sent, so that it tells what is true then.
    """
    if tx.session.scalar(select(Notice.id).where(Notice.key == key)) is not None:
        return None
    customer = tx.session.get_one(Customer, customer_id)
    if not customer.email:
        return None  # a reseller's subscriber, whom the reseller itself tells
    notice = Notice(
        customer_id=customer_id,
        channel=channel,
        kind=kind,
        key=key,
        recipient=customer.email,
        data=data,
        created_at=clock.now(),
    )
    tx.session.add(notice)
    tx.session.flush()
    enqueue(tx, "notices.send", {"notice_id": notice.id}, key=f"notice:{notice.id}")
    return notice.id
