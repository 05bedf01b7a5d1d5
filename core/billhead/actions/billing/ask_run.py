"""Let a worker do a billing run now: all that is due, or some subscriptions again."""

from collections.abc import Sequence
from dataclasses import dataclass

from billhead.actions.billing.run import RunReport, run_billing
from billhead.actions.scheduling import enqueue
from billhead.actions.verb import verb
from billhead.db import Tx

__all__ = ["RunAsked", "WouldBill", "ask_run", "preview_ask_run"]

_LOOKED_AT = 5_000  # whoever waits for a page waits for some seconds at most


@dataclass(frozen=True, slots=True)
class RunAsked:
    job_id: int


@dataclass(frozen=True, slots=True)
class WouldBill:
    """The dry run's report; `all_of_it` is False where more is due than a page waits for."""

    report: RunReport
    all_of_it: bool


class _Enough(Exception):
    pass


def preview_ask_run() -> WouldBill:
    """What a run would bill now: a dry run, of the first few thousand that are due. It owns its transactions."""
    reports: list[RunReport] = []

    def looked_at(report: RunReport) -> None:
        reports.append(report)
        if report.considered >= _LOOKED_AT:
            raise _Enough

    try:
        return WouldBill(run_billing(dry_run=True, progress=looked_at), True)
    except _Enough:
        return WouldBill(reports[-1], False)


@verb("billing.ask_run", permission="billing.run")
def ask_run(tx: Tx, *, confirmed: bool = False, only: Sequence[int] = ()) -> RunAsked:
    """Queued in the lane of the hourly runs, so that no two of these run at once. `confirmed`: the total may be far
    from the usual, somebody has looked."""
    args = {"confirmed": confirmed, **({"only": list(only)} if only else {})}
    key = f"billing.run:{'yes' if confirmed else 'no'}:{','.join(map(str, only))}"
    return RunAsked(enqueue(tx, "billing.run", args, key=key, lane="periodic:billing.run"))
