"""Put a job in the queue: a row written in the transaction of the business change, so that neither exists alone."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import select

from billhead import clock
from billhead.db import Tx
from billhead.models.operations import Job

__all__ = ["enqueue", "wake_workers_with"]

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
        queued = tx.session.scalar(
            select(Job).where(Job.key == key, Job.state == "queued").limit(1).with_for_update(skip_locked=True)
        )
        if queued is not None:
            queued.due_at = min(queued.due_at, due)
            return queued.id
    job = Job(kind=kind, args=args or {}, key=key, lane=lane, due_at=due, created_at=clock.now())
    tx.session.add(job)
    tx.session.flush()
    for call in _wakers:
        tx.after_commit(call)
    return job.id
