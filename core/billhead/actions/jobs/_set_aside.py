"""What a batch could not do for one of its many: a job of its own, which fails where staff look."""

from typing import Any

from sqlalchemy import select

from billhead.actions.jobs._chosen import NEEDS_A_PERSON
from billhead.actions.scheduling import enqueue
from billhead.db import Tx
from billhead.models.operations import Job

__all__ = ["set_aside"]


def set_aside(tx: Tx, kind: str, args: dict[str, Any]) -> None:
    """One job per thing: none is added to one that waits, or that waits for a person already."""
    key = ":".join([kind, *map(str, args.values())])
    there = select(Job.id).where(Job.key == key, Job.state.in_(("queued", "running", *NEEDS_A_PERSON)))
    if tx.session.scalar(there.limit(1)) is None:
        enqueue(tx, kind, args, key=key)
