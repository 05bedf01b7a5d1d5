"""Doing jobs: in turns of a worker's thread, or until nothing is due (the demo, tests, `jobs drain`)."""

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace

from flask import Flask

from billhead import clock
from billhead.crash import crash_point
from billhead.domain.context import Context
from billhead.domain.errors import BillheadError
from billhead.jobs.kinds import KINDS, TryLater
from billhead.jobs.queue import Leased, extend, finish, give_back, lease
from billhead.plugin_host.current import this_app

__all__ = ["Turn", "Work", "drain"]

log = logging.getLogger(__name__)

_TURN_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Turn:
    """How many jobs were run, and whether the turn ended before it was known that no more is due."""

    ran: int
    cut: bool


class Work:
    """The jobs that this process is doing. Their leases are kept while they run; what does not end in time when the
    process stops is given back, so that it starts again elsewhere at once."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self._held: dict[int, Leased] = {}
        self._changed = threading.Condition()
        self._stopping = threading.Event()

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    def turn(self, leased: Leased) -> Turn:
        """Run a leased job and then, for a short turn, those that follow."""
        stop_at = clock.monotonic() + _TURN_SECONDS
        following: Leased | None = leased
        ran = 0
        while following is not None:
            following = self._one(following, stop_at)
            ran += 1
        return Turn(ran, cut=not self._goes_on(stop_at))

    def _goes_on(self, stop_at: float) -> bool:
        return clock.monotonic() < stop_at and not self.stopping

    def _one(self, job: Leased, stop_at: float) -> Leased | None:
        self._hold(job)
        try:
            crash_point("jobs.leased")
            error = _run(job)
            following = finish(job, error, take_next=self._goes_on(stop_at))
            crash_point("jobs.done")
        except (KeyboardInterrupt, SystemExit):
            give_back([job])
            raise
        finally:
            self._let_go(job)
        return following

    def _hold(self, job: Leased) -> None:
        with self._changed:
            self._held[job.id] = job

    def _let_go(self, job: Leased) -> None:
        with self._changed:
            self._held.pop(job.id, None)
            self._changed.notify_all()

    def _still_held(self) -> list[Leased]:
        with self._changed:
            return list(self._held.values())

    @contextmanager
    def keeping_leases(self) -> Iterator[None]:
        """While open, a thread renews the leases of what runs here, well before they end."""
        ended = threading.Event()
        shortest = min((kind.lease for kind in KINDS.values()), default=None)
        every = shortest.total_seconds() / 3 if shortest else None

        def keep() -> None:
            while not ended.wait(every):
                self._extend()

        self._stopping.clear()
        keeper = threading.Thread(target=keep, name="billhead-leases", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            ended.set()
            keeper.join(timeout=1)

    def _extend(self) -> None:
        held = self._still_held()
        if not held:
            return
        try:
            with self.app.app_context():
                extend(held)
        except Exception:
            log.exception("the leases of %d running jobs could not be renewed", len(held))

    def stop(self, patience: float) -> list[Leased]:
        """Take nothing more, wait so many seconds for what runs, give back the rest; returns what was given back."""
        self._stopping.set()
        with self._changed:
            self._changed.wait_for(lambda: not self._held, timeout=patience)
        left = self._still_held()
        if left:
            give_back(left)
            log.warning("given back, as they did not end in time: %s", ", ".join(f"{j.kind} {j.id}" for j in left))
        return left


def _run(job: Leased) -> Exception | None:
    ctx = replace(Context.system(f"job:{job.kind}"), request_id=f"job:{job.id}:{job.tries}")
    try:
        KINDS[job.kind].run(ctx, job.args)
    except TryLater as later:
        log.info("job %s %s waits: %s", job.id, job.kind, later.why)
        return later
    except BillheadError as refused:
        log.warning("job %s %s failed (try %s): %s", job.id, job.kind, job.tries, refused)
        return refused
    except Exception as error:
        log.exception("job %s %s failed (try %s)", job.id, job.kind, job.tries)
        return error
    return None


def drain(*, threads: int = 1) -> int:
    """Run jobs until none is due by the business clock; returns how many were run."""
    app = this_app()
    work = Work(app)
    with work.keeping_leases():
        if threads == 1:
            return _drain(work)

        def one_thread() -> int:
            with app.app_context():
                return _drain(work)

        total = 0
        with ThreadPoolExecutor(threads) as pool:
            # a lane that was busy when a thread looked is picked up in the next round
            while ran := sum(f.result() for f in [pool.submit(one_thread) for _ in range(threads)]):
                total += ran
        return total


def _drain(work: Work) -> int:
    ran = 0
    while (job := lease()) is not None:
        ran += work.turn(job).ran
    return ran
