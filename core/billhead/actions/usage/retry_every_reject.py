"""Try all rejected events again, some thousands a transaction."""

from sqlalchemy import func, select

from billhead.actions.usage._rejects import ChosenRejects
from billhead.actions.usage.retry_rejects import retry_rejects
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.models.usage import UsageReject

__all__ = ["retry_every_reject"]


def retry_every_reject(ctx: Context, chosen: ChosenRejects) -> int:
    """Those that are there now; returns how many were taken."""
    with reading() as session:
        upto = session.scalar(select(func.max(UsageReject.id))) or 0
    taken, after = 0, 0
    while True:
        with writing(ctx) as tx:
            done = retry_rejects(tx, chosen, after=after, upto=upto)
        taken, after = taken + done.taken, done.last_id
        if not after:
            return taken
