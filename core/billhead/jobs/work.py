"""Doing jobs: run one, run until nothing is due, or run with several threads (the demo, tests, `jobs drain`)."""

import logging
from concurrent.futures import ThreadPoolExecutor

from flask import Flask, current_app

from billhead import clock
from billhead.crash import crash_point
from billhead.domain.context import Context
from billhead.jobs.kinds import KINDS, TryLater
from billhead.jobs.queue import Leased, finish, lease

__all__ = ["drain", "run_leased"]

log = logging.getLogger(__name__)
_TURN_SECONDS = 20


def run_leased(leased: Leased) -> int:
    """Run a leased job and then, for a short turn, the ones that follow; returns how many were run."""
    stop_at = clock.monotonic() + _TURN_SECONDS
    ran = 0
    following: list[Leased] = [leased]
    while following:
        job = following[0]
        crash_point("jobs.leased")
        error = _run(job)
        ran += 1
        following = finish(job, error, take_next=clock.monotonic() < stop_at)
        crash_point("jobs.done")
    return ran


def _run(job: Leased) -> Exception | None:
    ctx = Context.system(f"job:{job.kind}", key=None)
    try:
        KINDS[job.kind].run(ctx, job.args)
    except TryLater as later:
        log.info("job %s %s waits: %s", job.id, job.kind, later.why)
        return later
    except Exception as error:  # noqa: BLE001 one job's failure is recorded on its row and must not end the worker
        log.warning("job %s %s failed (try %s): %s", job.id, job.kind, job.tries, error, exc_info=True)
        return error
    return None


def drain(*, threads: int = 1) -> int:
    """Run jobs until none is due by the business clock; returns how many were run."""
    if threads == 1:
        return _drain_here()
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]

    def one_thread() -> int:
        with app.app_context():
            return _drain_here()

    total = 0
    with ThreadPoolExecutor(threads) as pool:
        # a lane that was busy when a thread looked is picked up in the next round
        while ran := sum(f.result() for f in [pool.submit(one_thread) for _ in range(threads)]):
            total += ran
    return total


def _drain_here() -> int:
    ran = 0
    while jobs := lease(1):
        ran += run_leased(jobs[0])
    return ran
