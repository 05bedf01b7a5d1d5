"""Do the jobs of a day. The copy is nobody else's, so a job costs no lease and no transaction of its own: many are
marked as running at once, done one after the other by the code of real life, and marked as done at once."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import Row, Table, bindparam, select, update

from billhead import clock
from billhead.actions.billing.run import run_billing
from billhead.bulk import among
from billhead.db import writing
from billhead.domain.context import Context
from billhead.domain.errors import BillheadError, RunNeedsConfirmation
from billhead.jobs.kinds import KINDS, TryLater
from billhead.jobs.queue import Leased, outcome_of
from billhead.models.operations import Job, Notice

__all__ = ["Worked", "do_due_jobs"]

_CTX = Context.system("simulation")
_AT_A_TIME = 500
_TOLD = 200
_MOST_RUNS = 100
_NOTICE = "notices.send"

_job = cast(Table, Job.__table__)
_DUE = (
    select(_job.c.id, _job.c.kind, _job.c.args, _job.c.lane, _job.c.tries)
    .where(_job.c.state == "queued", _job.c.due_at <= bindparam("now"))
    .order_by(_job.c.due_at, _job.c.id)
    .limit(_AT_A_TIME)
)
_RESULT = update(_job).where(_job.c.id == bindparam("job_id"))


@dataclass(slots=True)
class Worked:
    """What was done: how often each kind of job, what was refused (kind and reason → how often), what broke.

    `rehearsed`: the kinds of notice of which one was written out, and so proven to be writable.
    """

    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    exceptions: list[str] = field(default_factory=list)
    confirmed_runs: int = 0
    rehearsed: set[str] = field(default_factory=set)
    runs: Counter[int] = field(default_factory=Counter)


def do_due_jobs(worked: Worked) -> None:
    """Until nothing is due by the business clock."""
    while jobs := _begin():
        counted = _not_written_out([job for job in jobs if job.kind == _NOTICE], worked)
        _finish([(job, None if job.id in counted else _run(job, worked)) for job in jobs])


def _not_written_out(jobs: Sequence[Row[Any]], worked: Worked) -> set[int]:
    """Of each kind one notice is written out, as in real life; the others are only marked as sent. Their jobs' ids."""
    if not jobs:
        return set()
    wanted = {int(job.args["notice_id"]): job.id for job in jobs}
    with writing(_CTX) as tx:
        ids = among(Notice.id, list(wanted), tx.session)
        kinds = tx.session.execute(select(Notice.id, Notice.kind).where(ids, Notice.state == "queued")).all()
        skipped = [notice for notice, kind in kinds if not _is_first(kind, worked)]
        sent = {"state": "sent", "sent_at": clock.now()}
        tx.session.execute(update(Notice).where(among(Notice.id, skipped, tx.session)).values(sent))
    worked.done[_NOTICE] += len(skipped)
    return {wanted[notice] for notice in skipped}


def _is_first(kind: str, worked: Worked) -> bool:
    if kind in worked.rehearsed:
        return False
    worked.rehearsed.add(kind)
    return True


def _begin() -> Sequence[Any]:
    """Marked before the first of them is run: a job that is queued meanwhile for the same reason must not be lost."""
    with writing(_CTX) as tx:
        jobs = tx.session.execute(_DUE, {"now": clock.business_now()}).all()
        if jobs:
            ids = among(_job.c.id, [job.id for job in jobs], tx.session)
            tx.session.execute(update(_job).where(ids).values(state="running"))
        return jobs


def _run(job: Row[Any], worked: Worked) -> Exception | None:
    ctx = replace(Context.system(f"job:{job.kind}"), request_id=f"job:{job.id}:{job.tries + 1}")
    worked.done[job.kind] += 1
    worked.runs[job.id] += 1
    if worked.runs[job.id] > _MOST_RUNS:
        # the clock stands still: a job that would be right back is put off to the next day
        return TryLater(clock.business_now() + timedelta(hours=1), "put off to the next day of the simulation")
    try:
        _do(job.kind, ctx, job.args, worked)
    except TryLater as later:
        return later
    except BillheadError as error:
        worked.refused[job.kind, str(error)[:_TOLD]] += 1
        return error
    except Exception as error:  # noqa: BLE001 told at the end: a rehearsal is there to find it
        worked.exceptions.append(f"{job.kind} {dict(job.args)}: {type(error).__name__}: {error}"[:_TOLD])
        return error
    return None


def _do(kind: str, ctx: Context, args: Mapping[str, Any], worked: Worked) -> None:
    try:
        KINDS[kind].run(ctx, dict(args))
    except RunNeedsConfirmation:
        # in real life it waits until a person has looked; here it goes on, and is told
        worked.confirmed_runs += 1
        run_billing(clock.business_now(), confirmed=True)


def _finish(done: Sequence[tuple[Row[Any], Exception | None]]) -> None:
    with writing(_CTX) as tx:
        well = [job.id for job, error in done if error is None]
        state = {"state": "done", "error": "", "finished_at": clock.now()}
        tx.session.execute(update(_job).where(among(_job.c.id, well, tx.session)).values(state))
        for job, error in done:
            if error is not None:
                held = Leased(job.id, job.kind, dict(job.args), job.lane, "", job.tries + 1)
                tries = {"tries": held.tries, **outcome_of(held, error)}
                tx.session.execute(_RESULT.values(tries), {"job_id": job.id})
