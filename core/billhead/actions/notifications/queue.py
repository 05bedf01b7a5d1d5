"""Queue a notice to a customer. `key` is why it goes out once, however often the same reason comes up."""

from typing import Any, cast

from sqlalchemy import Table, bindparam, insert, select

from billhead import clock
from billhead.actions.scheduling import enqueue
from billhead.db import Tx, insert_row
from billhead.models.operations import Notice
from billhead.models.people import Customer

__all__ = ["queue_notice"]

# Built once: every business change tells somebody.
_notice = cast(Table, Notice.__table__)
_SAME = select(_notice.c.id).where(_notice.c.key == bindparam("wanted"))
_ADDRESS = select(Customer.email).where(Customer.id == bindparam("customer_id"))
_INSERT = insert(_notice)


def queue_notice(
    tx: Tx, customer_id: int, kind: str, key: str, data: dict[str, Any], *, channel: str = "email"
) -> int | None:
    """Write the notice and the job that sends it; None if the same key was queued before, or there is no address.

    `data` holds ids only: the text is made when it is sent, so that it tells what is true then.
    """
    if tx.session.scalar(_SAME, {"wanted": key}) is not None:
        return None
    email = tx.session.scalar(_ADDRESS, {"customer_id": customer_id})
    if not email:
        return None  # a reseller's subscriber, whom the reseller itself tells
    row = {
        "customer_id": customer_id,
        "channel": channel,
        "kind": kind,
        "key": key,
        "recipient": email,
        "data": data,
        "created_at": clock.now(),
    }
    notice_id = insert_row(tx.session, _INSERT, row)
    enqueue(tx, "notices.send", {"notice_id": notice_id}, key=f"notice:{notice_id}")
    return notice_id
