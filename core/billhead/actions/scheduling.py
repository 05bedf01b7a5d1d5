"""Put a job in the queue: a row written in the transaction of the business change, so that neither exists alone."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, insert, select, update

from billhead import clock
from billhead.db import Tx, insert_row
from billhead.models.operations import Job

__all__ = ["enqueue", "wake_workers_with"]

# Built once: every business change queues jobs.
_job = cast(Table, Job.__table__)
_QUEUED = (
    select(_job.c.id, _job.c.due_at)
    .where(_job.c.key == bindparam("wanted"), _job.c.state == "queued")
    .limit(1)
    .with_for_update(skip_locked=True)
)
_EARLIER = update(_job).where(_job.c.id == bindparam("job_id")).values(due_at=bindparam("due"))
_INSERT = insert(_job)

_wakers: list[Callable[[], None]] = []


def wake_workers_with(call: Callable[[], None] | None) -> None:
    """Set (or clear) what is called after a commit that queued a job; without one, a sweep finds it a second later."""
    _wakers[:] = [call] if call else []


def enqueue(
    tx: Tx,
    kind: str,
    args: dict[str, Any] | None = None,
    *,
    key: str | None = None,
    lane: str = "",
    due_at: datetime | None = None,
) -> int:
    """Queue a job of a registered kind; returns its id.

    A job that is still queued under the same `key` is not doubled: it keeps its place and takes the earlier due time.
    It is locked until this transaction ends, so that no worker starts it before what is written here can be seen; one
    that a worker is just taking is passed over, since it may have looked already.
    """
    due = due_at or clock.business_now()
    if key is not None:
        queued = tx.session.execute(_QUEUED, {"wanted": key}).first()
        if queued is not None:
            if due < queued.due_at:
                tx.session.execute(_EARLIER, {"job_id": queued.id, "due": due})
            return int(queued.id)
    row = {"kind": kind, "args": args or {}, "key": key, "lane": lane, "due_at": due, "created_at": clock.now()}
    job_id = insert_row(tx.session, _INSERT, row)
    for call in _wakers:
        tx.after_commit(call)
    return job_id
