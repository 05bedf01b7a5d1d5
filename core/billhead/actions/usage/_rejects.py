"""Which rejected events are meant, and what they are: before they are tried again, or dropped."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from billhead.models.usage import UsageReject

__all__ = ["AT_ONCE", "ChosenRejects", "RejectFigures", "reject_figures"]

AT_ONCE = 20_000
"""So many in one transaction."""


@dataclass(frozen=True, slots=True)
class ChosenRejects:
    """Of one reason, source and delivery; of all without."""

    reason: str = ""
    source_id: int | None = None
    batch_id: int | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        wanted: list[ColumnElement[bool]] = []
        if self.reason:
            wanted.append(UsageReject.reason == self.reason)
        if self.source_id is not None:
            wanted.append(UsageReject.source_id == self.source_id)
        if self.batch_id is not None:
            wanted.append(UsageReject.batch_id == self.batch_id)
        return wanted


@dataclass(frozen=True, slots=True)
class RejectFigures:
    """How many there are, for which reasons, told from when to when. `upto` is the last one's id: who acts on what was
    shown names it, and what was rejected since stays."""

    events: int
    reasons: dict[str, int]
    first_told: datetime | None
    last_told: datetime | None
    upto: int


def reject_figures(session: Session, chosen: ChosenRejects) -> RejectFigures:
    one = UsageReject
    figures = func.count(), func.min(one.rejected_at), func.max(one.rejected_at), func.max(one.id)
    rows = session.execute(select(one.reason, *figures).where(*chosen.conditions()).group_by(one.reason)).all()
    return RejectFigures(
        sum(row[1] for row in rows),
        {row[0]: row[1] for row in sorted(rows, key=lambda row: (-row[1], row[0]))},
        min((row[2] for row in rows), default=None),
        max((row[3] for row in rows), default=None),
        max((row[4] for row in rows), default=0),
    )
