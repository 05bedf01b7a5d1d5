"""Forget what is over its time, batch by batch; what a night does not finish, the next one does."""

from billhead.actions.privacy._schedule import BATCH, SCHEDULE, purge_batch
from billhead.db import writing
from billhead.domain.context import Context

__all__ = ["purge_old"]

_MOST_BATCHES = 500


def purge_old(ctx: Context) -> dict[str, int]:
    """By kind, how many rows were deleted or emptied."""
    done: dict[str, int] = {}
    for kept in SCHEDULE:
        for _batch in range(_MOST_BATCHES):
            with writing(ctx) as tx:
                touched = purge_batch(tx, kept)
            if touched:
                done[kept.code] = done.get(kept.code, 0) + touched
            if touched < BATCH:
                break
    return done
