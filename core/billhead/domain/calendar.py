"""How the cycles of a subscription are counted when its anchor has moved: each day by the anchor of its own time.

An anchor moves where days are given, where an account gets a billing day, and with another term. What runs by then goes
on in the cycle in which it was sold: its price, its allowance and its beginning are none of the new anchor's business.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from billhead.domain.periods import Period, Term, cycle, cycle_index

__all__ = ["Calendar", "Former"]

_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Former:
    """Until that day cycles were counted from `anchor`. From `longer_from` on days were added to the cycle before."""

    until: date
    anchor: date
    term: Term
    longer_from: date | None = None


@dataclass(frozen=True, slots=True)
class Calendar:
    """`before`: how cycles were counted earlier, in the order of time."""

    anchor: date
    term: Term
    before: tuple[Former, ...] = field(default=())

    def cycle_at(self, day: date) -> Period:
        """The whole cycle that the day is of: what its price is for. Days that were added lie behind its end."""
        for one in self.before:
            if day < one.until:
                if one.longer_from is not None and day >= one.longer_from:
                    day = one.longer_from - _A_DAY
                return cycle(one.anchor, one.term, cycle_index(one.anchor, one.term, day))
        return cycle(self.anchor, self.term, cycle_index(self.anchor, self.term, day))

    def period_at(self, day: date) -> Period:
        """The days around this one that are of the same cycle: fewer where the anchor moved in it, more where some were
        added to it."""
        whole = self.cycle_at(day)
        if not self.before:
            return whole
        moves = {edge for one in self.before for edge in (one.until, one.longer_from) if edge is not None}
        edges = sorted({whole.start, whole.end, *moves})
        starts = [edge for edge in edges if edge <= day and self.cycle_at(edge - _A_DAY) != whole]
        ends = [edge for edge in edges if edge > day and self.cycle_at(edge) != whole]
        return Period(max(starts, default=whole.start), min(ends, default=whole.end))
