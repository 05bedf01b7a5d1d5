"""What happens every so often. A slot (a day, an hour, …) gets one job row, whoever looks first; no schedule file."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from billhead import clock
from billhead.actions.scheduling import enqueue
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.models.operations import Job

__all__ = ["PERIODIC", "Periodic", "queue_periodic"]


@dataclass(frozen=True, slots=True)
class Periodic:
    """`every` divides the time since 1970 into slots; `after` is how far into a slot the job is due."""

    kind: str
    every: timedelta
    after: timedelta = timedelta(0)

    def slot(self, at: datetime) -> datetime:
        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        return epoch + ((at - epoch) // self.every) * self.every


PERIODIC: list[Periodic] = [
    Periodic("billing.run", timedelta(hours=1)),
    Periodic("dunning.run", timedelta(hours=1), timedelta(minutes=10)),
    Periodic("payments.resolve_open", timedelta(minutes=5)),
    Periodic("provisioning.reconcile_all", timedelta(days=1), timedelta(hours=2)),
    Periodic("ledger.recognise", timedelta(days=1), timedelta(hours=1)),
    Periodic("ledger.seal", timedelta(minutes=10)),
    Periodic("events.deliver", timedelta(minutes=1)),
    Periodic("house.purge", timedelta(days=1), timedelta(hours=3)),
]
"""Billing runs hourly because midnight comes at another hour in each customer's zone."""


def queue_periodic() -> int:
    """Queue what the current slots lack; returns how many jobs were queued. Cheap when there is nothing to do."""
    at = clock.business_now()
    wanted = {f"{p.kind}@{p.slot(at):%Y-%m-%dT%H:%M}": p for p in PERIODIC}
    with reading() as session:
        known = set(session.scalars(select(Job.key).where(Job.key.in_(wanted))))
    missing = wanted.keys() - known
    if not missing:
        return 0
    queued = 0
    with writing(Context.system("jobs")) as tx:
        known = set(tx.session.scalars(select(Job.key).where(Job.key.in_(missing))))
        for key in sorted(missing - known):
            periodic = wanted[key]
            enqueue(tx, periodic.kind, key=key, due_at=periodic.slot(at) + periodic.after)
            queued += 1
    return queued
