"""Drop all rejected events that are meant, some thousands a transaction."""

from dataclasses import replace

from billhead.actions.usage._rejects import ChosenRejects
from billhead.actions.usage.drop_rejects import drop_rejects
from billhead.db import writing
from billhead.domain.context import Context

__all__ = ["drop_every_reject"]


def drop_every_reject(ctx: Context, chosen: ChosenRejects, upto: int) -> int:
    """Up to that one; returns how many were dropped."""
    events, after = 0, 0
    while True:
        key = ctx.idempotency_key and f"{ctx.idempotency_key}:{after}"  # each part is done once
        with writing(replace(ctx, idempotency_key=key)) as tx:
            done = drop_rejects(tx, chosen, after=after, upto=upto)
        events, after = events + done.events, done.last_id
        if not after:
            return events
