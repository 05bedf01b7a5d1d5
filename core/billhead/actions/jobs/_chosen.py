"""Which jobs are meant, by state, kind and age; and what of them can be tried again or called off."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, aliased

from billhead import clock
from billhead.domain.errors import InvalidInput
from billhead.models.operations import Job

__all__ = [
    "CANCELABLE",
    "NEEDS_A_PERSON",
    "RETRIABLE",
    "STATES",
    "Chosen",
    "Figures",
    "figures_of",
    "matching",
    "not_doubled",
]

STATES = ("queued", "running", "done", "failed", "parked", "canceled")
RETRIABLE = ("parked", "failed", "canceled")
CANCELABLE = ("queued", "parked", "failed")
NEEDS_A_PERSON = ("failed", "parked")
_ERRORS = 5


@dataclass(frozen=True, slots=True)
class Chosen:
    """`states` of which one at least; `older_minutes`: queued longer ago than that; empty `kind`: of every kind."""

    states: tuple[str, ...]
    kind: str = ""
    older_minutes: int = 0

    def checked(self, allowed: Sequence[str]) -> "Chosen":
        """Raises InvalidInput naming what can't be."""
        if not self.states or set(self.states) - set(allowed):
            raise InvalidInput("state", f"choose from {', '.join(allowed)}")
        if self.older_minutes < 0:
            raise InvalidInput("older", "is a number of minutes")
        return self


@dataclass(frozen=True, slots=True)
class Figures:
    """What would be touched; `left_out`: the same thing is queued already."""

    count: int
    left_out: int
    kinds: dict[str, int]
    errors: dict[str, int]
    oldest: Any


def matching(chosen: Chosen) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [Job.state.in_(chosen.states)]
    if chosen.kind:
        conditions.append(Job.kind == chosen.kind)
    if chosen.older_minutes:
        conditions.append(Job.created_at < clock.now() - timedelta(minutes=chosen.older_minutes))
    return conditions


def not_doubled(states: Sequence[str]) -> ColumnElement[bool]:
    """Of jobs for the same thing only the newest, and none where one is queued already."""
    other = aliased(Job)
    queued = select(other.id).where(other.key == Job.key, other.state == "queued").exists()
    newer = select(other.id).where(other.key == Job.key, other.state.in_(states), other.id > Job.id).exists()
    return or_(Job.key.is_(None), ~queued & ~newer)


def figures_of(session: Session, chosen: Chosen, *, retry: bool) -> Figures:
    wanted = matching(chosen)
    fits = not_doubled(chosen.states) if retry else Job.id > 0
    count, oldest = session.execute(select(func.count(), func.min(Job.created_at)).where(*wanted, fits)).one()
    every = session.scalar(select(func.count()).select_from(Job).where(*wanted)) or 0
    kinds = session.execute(select(Job.kind, func.count()).where(*wanted, fits).group_by(Job.kind).order_by(Job.kind))
    said = func.substr(Job.error, 1, 120)
    errors = (
        select(said, func.count())
        .where(*wanted, fits, Job.error != "")
        .group_by(said)
        .order_by(func.count().desc())
        .limit(_ERRORS)
    )
    return Figures(count, every - count, dict(kinds.all()), dict(session.execute(errors).all()), oldest)
