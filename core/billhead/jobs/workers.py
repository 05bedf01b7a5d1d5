"""The threads that do the jobs of a process: a Celery worker, the keeper of leases and, where asked for, the scheduler.

They stop within three seconds: nothing more is taken, what runs may end, and what does not end in time is given back.
"""

import threading
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from celery import Celery
from celery.beat import Scheduler, Service
from celery.worker import WorkController

from billhead import clock
from billhead.jobs.pulse import Pulse
from billhead.jobs.work import Work

__all__ = ["Workers"]

_PATIENCE = 1.0
_CLOSING = 0.7


class Workers:
    """Start on enter, stop on exit; `threads` jobs run at a time. `scheduler` adds the sweeps, of which one process of
    an installation is enough (and two do no harm)."""

    def __init__(self, celery: Celery, *, threads: int = 4, scheduler: bool = True) -> None:
        self.celery = celery
        self.stuck = False  # after the exit: a job that was given back goes on in a thread that can't be interrupted
        self._work: Work = celery.billhead_work
        self._worker: Any = None
        self._beat: Any = Service(celery, scheduler_cls=Scheduler) if scheduler else None
        self._threads: list[threading.Thread] = []
        if threads:
            self._worker = WorkController(
                app=celery, pool_cls="threads", concurrency=threads, loglevel="WARNING", without_gossip=True,
                without_mingle=True, without_heartbeat=True, quiet=True,
            )  # fmt: skip
        self._leases = ExitStack()
        kinds = ("worker",) * bool(threads) + ("beat",) * scheduler
        self._pulse = Pulse(self._work.app, kinds, threads)

    def __enter__(self) -> Self:
        self.celery.set_default()  # where the threads of the pool look for a task by its name
        self._leases.enter_context(self._work.keeping_leases())
        for name, part in (("worker", self._worker), ("beat", self._beat)):
            if part is not None:
                self._threads.append(threading.Thread(target=part.start, name=f"billhead-{name}", daemon=True))
        for thread in self._threads:
            thread.start()
        self._leases.enter_context(self._pulse)
        return self

    def are_alive(self) -> bool:
        return all(thread.is_alive() for thread in self._threads)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._beat is not None:
            self._beat.stop(wait=False)
        self.stuck = bool(self._work.stop(_PATIENCE))
        self._leases.close()
        if self._worker is not None:
            # in a thread, since it waits for the jobs that were given back
            self._threads.append(threading.Thread(target=self._worker.stop, name="billhead-stop", daemon=True))
            self._threads[-1].start()
        until = clock.monotonic() + _CLOSING
        for thread in self._threads:
            thread.join(timeout=max(until - clock.monotonic(), 0))
