"""What happens every so often. A slot (a day, an hour, …) gets one job row, whoever looks first; no schedule file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from billhead import clock
from billhead.actions.scheduling import enqueue
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context
from billhead.jobs.plugin_jobs import PLUGIN_JOB
from billhead.models.operations import Job
from billhead.plugin_host import plugins

__all__ = ["PERIODIC", "Periodic", "queue_periodic"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Periodic:
    """`every` divides the time since 1970 into slots; `after` is how far into a slot the job is due.

    One at a time: a slot's job waits for that of the slot before.
    """

    kind: str
    every: timedelta
    after: timedelta = timedelta(0)
    args: Mapping[str, Any] = field(default_factory=dict)

    @property
    def lane(self) -> str:
        return ":".join(["periodic", self.kind, *map(str, self.args.values())])

    def slot(self, at: datetime) -> datetime:
        return _EPOCH + ((at - _EPOCH) // self.every) * self.every

    def key(self, at: datetime) -> str:
        return f"{self.lane}@{self.slot(at):%Y-%m-%dT%H:%M}"


PERIODIC: list[Periodic] = [
    Periodic("billing.run", timedelta(hours=1)),
    Periodic("subscriptions.begin_scheduled", timedelta(hours=1), timedelta(minutes=5)),
    Periodic("subscriptions.tell_trials", timedelta(hours=1), timedelta(minutes=15)),
    Periodic("resellers.tell_ending", timedelta(hours=1), timedelta(minutes=15)),
    Periodic("documents.look_after", timedelta(hours=1), timedelta(minutes=5)),
    Periodic("dunning.run", timedelta(hours=1), timedelta(minutes=10)),
    Periodic("dunning.lift_cleared", timedelta(days=1), timedelta(hours=2, minutes=30)),
    Periodic("credits.expire", timedelta(hours=1), timedelta(minutes=5)),
    Periodic("referrals.settle", timedelta(hours=1), timedelta(minutes=40)),
    Periodic("credits.take_back_lent", timedelta(hours=1), timedelta(minutes=5)),
    Periodic("credits.watch", timedelta(minutes=5)),
    Periodic("shops.supply_all", timedelta(hours=1), timedelta(minutes=25)),
    Periodic("resellers.renew_due", timedelta(hours=1), timedelta(minutes=30)),
    Periodic("payments.resolve_open", timedelta(minutes=5)),
    Periodic("usage.watch", timedelta(minutes=15)),
    Periodic("viewings.read_all", timedelta(hours=1), timedelta(minutes=20)),
    Periodic("viewings.look_live_all", timedelta(hours=1), timedelta(minutes=35)),
    Periodic("viewings.find_sharing", timedelta(hours=1), timedelta(minutes=45)),
    Periodic("provisioning.reconcile_all", timedelta(days=1), timedelta(hours=2)),
    Periodic("panels.read_balances", timedelta(hours=1), timedelta(minutes=20)),
    Periodic("ledger.recognise", timedelta(days=1), timedelta(hours=1)),
    Periodic("ledger.seal", timedelta(minutes=10)),
    Periodic("accounts.recheck_vat_ids", timedelta(days=1), timedelta(hours=4)),
    Periodic("support.fetch_all", timedelta(minutes=2)),
    Periodic("events.deliver", timedelta(minutes=1)),
    Periodic("payments.tell_expiring", timedelta(days=1), timedelta(hours=8)),
    Periodic("prices.tell", timedelta(days=1), timedelta(hours=9)),
    Periodic("notices.digest", timedelta(minutes=15)),
    Periodic("house.purge", timedelta(days=1), timedelta(hours=3)),
]
"""Billing runs hourly because midnight comes at another hour in each customer's zone."""


def queue_periodic() -> int:
    """Queue what the current slots lack; returns how many jobs were queued. Cheap when there is nothing to do."""
    at = clock.business_now()
    wanted = {periodic.key(at): periodic for periodic in (*PERIODIC, *_of_plugins())}
    with reading() as session:
        missing = wanted.keys() - set(session.scalars(select(Job.key).where(Job.key.in_(wanted))))
    if not missing:
        return 0
    with writing(Context.system("jobs")) as tx:
        _one_process_at_a_time(tx)
        missing -= set(tx.session.scalars(select(Job.key).where(Job.key.in_(missing))))
        for key in sorted(missing):
            periodic = wanted[key]
            due_at = periodic.slot(at) + periodic.after
            enqueue(tx, periodic.kind, dict(periodic.args), key=key, lane=periodic.lane, due_at=due_at)
    return len(missing)


def _of_plugins() -> Iterator[Periodic]:
    for plugin, job in plugins().periodic_jobs():
        yield Periodic(PLUGIN_JOB, timedelta(minutes=job.every_minutes), args={"plugin": plugin, "code": job.code})


def _one_process_at_a_time(tx: Tx) -> None:
    """On SQLite the writer's turn does this."""
    if tx.session.get_bind().dialect.name == "postgresql":
        tx.session.execute(select(func.pg_advisory_xact_lock(func.hashtext("billhead: periodic jobs"))))
