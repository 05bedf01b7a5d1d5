"""Simulations that staff have asked for: what was asked, how far one is, and what came of it."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON
from sqlalchemy.orm import Mapped, mapped_column

from billhead.db import Model

__all__ = ["Simulation"]


class Simulation(Model):
    """The copy that it lives in is a folder of the home, named by the id; it is gone when the simulation has ended."""

    __tablename__ = "simulation"

    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(default="queued")  # queued | running | done | failed | canceled
    first_day: Mapped[date]
    last_day: Mapped[date]
    payments: Mapped[str]  # history | all | none | a rate, as it was typed
    seed: Mapped[int] = mapped_column(default=1)
    began_at: Mapped[datetime]  # business clock: the day on which its life begins
    progress: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # said, done, of
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    error: Mapped[str] = mapped_column(default="")
    asked_by: Mapped[str]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
