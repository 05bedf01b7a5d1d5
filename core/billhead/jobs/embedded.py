"""Embedded mode: worker and scheduler as threads of the web process, on Celery's in-memory broker.

Nothing is lost when the process dies, since the queue is the job table: the next start goes on where it ended. There is
one such process per home folder, held by a lock that ends with it.
"""

import fcntl
import os
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from billhead.actions.scheduling import wake_workers_with
from billhead.domain.errors import Conflict
from billhead.jobs.celery_app import wake
from billhead.jobs.queue import give_back_all
from billhead.jobs.workers import Workers

__all__ = ["EmbeddedWorkers", "only_process"]


class EmbeddedWorkers(Workers):
    """Workers that take up at once what their predecessor left behind, and that a commit wakes."""

    def __enter__(self) -> Self:
        give_back_all()
        super().__enter__()
        wake_workers_with(self._wake)
        return self

    def _wake(self) -> None:
        wake(self.celery)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        wake_workers_with(None)
        super().__exit__(kind, error, trace)


def only_process(home: Path) -> ExitStack:
    """Hold the home folder until the result is closed. Raises Conflict when another process serves from it."""
    file = (home / "serve.lock").open("a+")
    held = ExitStack()
    held.callback(file.close)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        with held:
            raise Conflict(
                f"Another process ({file.read().strip() or 'unknown'}) already serves from {home}.",
                hint="Stop it first, or give this one a folder of its own by BILLHEAD_HOME; several web processes need "
                "BILLHEAD_BROKER_URL=redis://… and a PostgreSQL database.",
            ) from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return held
