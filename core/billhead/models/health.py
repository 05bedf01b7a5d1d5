"""How the house is: what was last known of it, and which workers and schedulers are alive."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON
from sqlalchemy.orm import Mapped, mapped_column

from billhead.db import Model

__all__ = ["HouseFact", "WorkerPulse"]


class HouseFact(Model):
    """The newest of its kind only. `doctor`: what the slow checks found; `backup`: the last one that was made;
    `ledger`: how the last verification ended; `mail`: the last test mail."""

    __tablename__ = "house_fact"

    name: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]  # operational clock
    data: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class WorkerPulse(Model):
    """A process that does jobs (`worker`) or looks for what is due (`beat`); it tells every few seconds that it lives.

    A row that is not renewed any more is that of a process which was killed; one that stopped in order says so.
    """

    __tablename__ = "worker_pulse"

    name: Mapped[str] = mapped_column(primary_key=True)  # "worker:tv1:8123"
    kind: Mapped[str]  # worker | beat
    host: Mapped[str]
    pid: Mapped[int]
    threads: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]  # operational clock
    ended: Mapped[bool] = mapped_column(default=False)
