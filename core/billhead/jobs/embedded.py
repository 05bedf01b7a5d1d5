"""Embedded mode: worker and scheduler as threads of the web process, on Celery's in-memory broker.

Nothing is lost when the process dies, since the queue is the job table. Refused when the web server has more than one
process, because each would sweep for itself.
"""

import threading
from types import TracebackType
from typing import Any, Self

from celery import Celery
from celery.beat import Scheduler, Service
from celery.worker import WorkController

from billhead.actions.scheduling import wake_workers_with
from billhead.jobs.queue import give_back_all

__all__ = ["EmbeddedWorkers"]


class EmbeddedWorkers:
    """Start on enter, stop on exit; `threads` jobs run at a time."""

    def __init__(self, celery: Celery, *, threads: int = 4) -> None:
        self._celery = celery
        self._worker: Any = WorkController(
            app=celery, pool_cls="threads", concurrency=threads, loglevel="WARNING", without_gossip=True,
            without_mingle=True, without_heartbeat=True, quiet=True,
        )  # fmt: skip
        self._beat = Service(celery, scheduler_cls=Scheduler)
        self._threads = [
            threading.Thread(target=self._worker.start, name="billhead-worker", daemon=True),
            threading.Thread(target=self._beat.start, kwargs={"embedded_process": False}, name="billhead-beat",
                             daemon=True),
        ]  # fmt: skip

    def __enter__(self) -> Self:
        give_back_all()
        for thread in self._threads:
            thread.start()
        wake_workers_with(self._wake)
        return self

    def _wake(self) -> None:
        # many commits in a row need one sweep only; the flag is down again before that sweep looks
        if not self._celery.billhead_woken.is_set():
            self._celery.billhead_woken.set()
            self._celery.billhead_sweep.apply_async()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        wake_workers_with(None)
        self._beat.stop(wait=False)
        self._worker.stop()
        for thread in self._threads:
            thread.join(timeout=10)
