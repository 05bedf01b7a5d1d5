"""The queue in figures: how many jobs in each state, and what has waited for longest. One statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import Session

from billhead import clock
from billhead.models.operations import Job

__all__ = ["QueueState", "queue_state"]


@dataclass(frozen=True, slots=True)
class QueueState:
    """`oldest`: the job that is due for longest and still waits, with since when; None: nothing waits."""

    counts: dict[str, int]
    waiting: int
    oldest_id: int | None
    oldest_kind: str
    oldest_due: datetime | None

    @property
    def oldest_waits(self) -> timedelta:
        return clock.business_now() - self.oldest_due if self.oldest_due is not None else timedelta(0)

    def as_dict(self) -> dict[str, Any]:
        oldest = {"id": self.oldest_id, "kind": self.oldest_kind, "due_at": self.oldest_due}
        return {"counts": self.counts, "waiting": self.waiting, "oldest": oldest if self.oldest_id else None}


def queue_state(session: Session, wanted: Sequence[ColumnElement[bool]] = ()) -> QueueState:
    """Of the jobs that are wanted, or of all."""
    due = (Job.state == "queued", Job.due_at <= clock.business_now(), *wanted)
    first = select(Job.id, Job.kind, Job.due_at).where(*due).order_by(Job.due_at, Job.id).limit(1).subquery()
    waits = func.count().filter(Job.state == "queued", Job.due_at <= clock.business_now())
    rows = session.execute(
        select(Job.state, func.count(), waits, first.c.id, first.c.kind, first.c.due_at)
        .outerjoin(first, true())
        .where(*wanted)
        .group_by(Job.state, first.c.id, first.c.kind, first.c.due_at)
    ).all()
    counts = {state: count for state, count, *_ in rows}
    waiting = sum(row[2] for row in rows)
    key, kind, since = tuple(rows[0])[3:] if rows else (None, None, None)
    return QueueState(counts, waiting, key, kind or "", since)
