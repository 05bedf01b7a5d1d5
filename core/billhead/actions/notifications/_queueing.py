"""The row of a notice and the job that sends it."""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, insert, select

from billhead import clock
from billhead.actions.notifications._channels import EMAIL, is_copy
from billhead.actions.scheduling import enqueue
from billhead.db import Tx, insert_row
from billhead.models.operations import Notice

__all__ = ["key_by", "may_be_sent_again", "queue_sending", "queued_once"]

# Built once: every business change tells somebody.
_notice = cast(Table, Notice.__table__)
_SAME = select(_notice.c.id).where(_notice.c.key == bindparam("wanted"))
_INSERT = insert(_notice)


def queued_once(
    tx: Tx,
    kind: str,
    key: str,
    data: dict[str, Any],
    due_at: datetime | None = None,
    held_until: datetime | None = None,
    **to: Any,
) -> int | None:
    """`to`: the columns that say to whom. `held_until`: it goes into a digest, and is no mail of its own. None if the
    same key was queued before for that channel, or there is no address."""
    key = key_by(to["channel"], key)
    if not to["recipient"] or tx.session.scalar(_SAME, {"wanted": key}) is not None:
        return None
    row = {"kind": kind, "key": key, "data": data, "created_at": clock.now(), **to}
    if held_until is not None:
        return insert_row(tx.session, _INSERT, {**row, "state": "held", "held_until": held_until})
    notice_id = insert_row(tx.session, _INSERT, row)
    queue_sending(tx, notice_id, due_at)
    return notice_id


def queue_sending(tx: Tx, notice_id: int, due_at: datetime | None = None) -> None:
    enqueue(tx, "notices.send", {"notice_id": notice_id}, key=f"notice:{notice_id}", due_at=due_at)


def key_by(channel: str, key: str) -> str:
    """One reason is told once by each channel."""
    return key if channel == EMAIL else f"{key}@{channel}"


def may_be_sent_again(notice: Notice) -> bool:
    """What is over, and a copy that its receiver may have lost."""
    over = notice.state in ("failed", "rejected", "unknown")
    return over or (notice.state == "sent" and is_copy(notice.channel))
