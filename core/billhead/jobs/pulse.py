"""The pulse of a process that works: a row that it renews every few seconds, so that staff see whether it is alive."""

import logging
import os
import socket
import threading
from datetime import datetime, timedelta
from typing import Self

from flask import Flask
from sqlalchemy import delete

from billhead import clock
from billhead.actions.health._work import PULSE_SECONDS
from billhead.db import writing
from billhead.domain.context import Context
from billhead.models.health import WorkerPulse

__all__ = ["Pulse"]

log = logging.getLogger(__name__)

_CTX = Context.system("pulse")
_KEPT = timedelta(days=7)


class Pulse:
    """Begins on enter; on exit it says that this process has ended in order."""

    def __init__(self, app: Flask, kinds: tuple[str, ...], threads: int) -> None:
        self._app, self._kinds, self._threads = app, kinds, threads
        self._host, self._pid = socket.gethostname(), os.getpid()
        self._started = clock.now()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._ended.clear()
        self._thread = threading.Thread(target=self._go_on, name="billhead-pulse", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join(timeout=1)

    def _go_on(self) -> None:
        self._tell(first=True)
        while not self._ended.wait(PULSE_SECONDS):
            self._tell()
        self._tell(ended=True)

    def _tell(self, *, first: bool = False, ended: bool = False) -> None:
        """The whole row each time: another process may have taken it for an old one, after a sleep of this machine."""
        try:
            with self._app.app_context(), writing(_CTX) as tx:
                now = clock.now()
                for kind in self._kinds:
                    tx.session.merge(self._row(kind, now, ended=ended))
                if first:
                    old = WorkerPulse.seen_at < now - _KEPT, WorkerPulse.kind.in_(self._kinds)
                    tx.session.execute(delete(WorkerPulse).where(*old))
        except Exception:
            log.exception("the pulse of this process could not be written")

    def _row(self, kind: str, now: datetime, *, ended: bool) -> WorkerPulse:
        return WorkerPulse(
            name=f"{kind}:{self._host}:{self._pid}", kind=kind, host=self._host, pid=self._pid, threads=self._threads,
            started_at=self._started, seen_at=now, ended=ended,
        )  # fmt: skip
