"""What a cycle of a component owes, against what was billed for it: the difference is all that is ever written.

Owed is a function of the cycle's price and of the days that are charged, of nothing else: not of the order in which
plans were changed, held, resumed, canceled or corrected. So several changes on one day net to the last one, a change
that is taken back costs nothing, and whoever asks again finds no difference.

A cycle's price is frozen when the cycle is billed first, after discount: what is given back is a share of what was
really charged, whatever the price list says by now. Where staff have changed a line of some of its days, these days
cost what they have made of them. All amounts are minor units as the price book has them, net or tax
included; the tax of what is given back is the share of the tax that was charged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from itertools import pairwise

from billhead.domain.money import Rounding, round_ratio
from billhead.domain.periods import Period, merged, without
from billhead.domain.proration import ProrationMode, share_of


@dataclass(frozen=True, slots=True)
class GivenBack:
    """A part of a billed line that was given back. `by_staff`: a correction of the document, for whatever reason;
    it leaves less to give back and is never charged again."""

    period: Period
    amount: int
    taxes: tuple[int, ...]
    by_staff: bool = False


@dataclass(frozen=True, slots=True)
class BilledLine:
    """A line that stands on a document, with what was given back of it since. `taxes` in the line's own order.
    `whole` is what its whole cycle costs by what staff have made of it; None: as the cycle."""

    id: int
    period: Period
    amount: int
    taxes: tuple[int, ...] = ()
    given_back: tuple[GivenBack, ...] = ()
    whole: int | None = None

    @property
    def charged(self) -> int:
        """What it still charges, as far as the calendar knows: without what staff have given."""
        return self.amount - sum(one.amount for one in self.given_back if not one.by_staff)

    @property
    def left(self) -> int:
        return self.amount - sum(one.amount for one in self.given_back)

    @property
    def days(self) -> list[Period]:
        return without([self.period], [one.period for one in self.given_back if not one.by_staff])

    def give_back(self, amount: int) -> tuple[int, ...]:
        """The taxes that go back with so much of the line, counted from its beginning: parts sum to the whole."""
        kept = self.left - amount
        back = []
        for at, tax in enumerate(self.taxes):
            before = sum(one.taxes[at] for one in self.given_back)
            back.append(tax - before - round_ratio(tax * kept, self.amount, Rounding.HALF_UP))
        return tuple(back)


@dataclass(frozen=True, slots=True)
class Cycle:
    """A cycle of one component. `whole` is what all of it costs; `charged_days` are those that are to be paid for.

    `slack`: by so much its lines may differ from what they owe, since the tax of their documents is rounded on the sum.
    """

    period: Period
    whole: int
    charged_days: Sequence[Period]
    mode: ProrationMode
    lines: Sequence[BilledLine] = field(default=())
    slack: int = 0


@dataclass(frozen=True, slots=True)
class Charge:
    """More is owed than was billed."""

    period: Period
    amount: int


@dataclass(frozen=True, slots=True)
class Return:
    """Less is owed: so much of the line goes back, with its taxes."""

    line_id: int
    period: Period
    amount: int
    taxes: tuple[int, ...]


def owed(cycle: Cycle) -> int:
    """What the charged days of the cycle cost, rounded half-up once. Where lines cost differently, once for each: one
    that keeps its days costs what it charges, and what is left of the cycle's price is for the other days."""
    days = sum(one.days for one in cycle.charged_days)
    if not days:
        return 0
    if _cost_alike(cycle) or cycle.mode not in _BY_DAYS:
        share = share_of(days, cycle.period, cycle.mode) / days
        return _rounded(share * sum(one.days * whole_on(cycle, one.start) for one in _pieces(cycle)))
    on: dict[tuple[int, int], int] = {}
    for one in _pieces(cycle):
        line = _line_on(cycle, one.start)
        key = (line.id if line else 0, whole_on(cycle, one.start))
        on[key] = on.get(key, 0) + one.days
    lines = {line.id: line for line in cycle.lines}
    had = {line.id: sum(one.days for one in line.days) for line in cycle.lines}
    kept = [lines[key] for (key, _), count in on.items() if had.get(key) == count]
    rest = {key: count for key, count in on.items() if had.get(key[0]) != count}
    billed = sum(share_of(had[line.id], cycle.period, cycle.mode) for line in kept)
    a_day = max(share_of(days, cycle.period, cycle.mode) - billed, Fraction(0)) / (sum(rest.values()) or 1)
    return sum(line.charged for line in kept) + sum(
        _rounded(a_day * whole * count) for (_, whole), count in rest.items()
    )


_BY_DAYS = (ProrationMode.ACTUAL_DAYS, ProrationMode.FIXED_30)


def _rounded(cost: Fraction) -> int:
    return round_ratio(cost.numerator, cost.denominator, Rounding.HALF_UP)


def whole_on(cycle: Cycle, day: date) -> int:
    """What all of the cycle costs by the line that the day is on."""
    line = _line_on(cycle, day) or next((line for line in reversed(cycle.lines) if day in line.period), None)
    return cycle.whole if line is None or line.whole is None else line.whole


def _line_on(cycle: Cycle, day: date) -> BilledLine | None:
    """The last one that charges it."""
    return next((line for line in reversed(cycle.lines) if any(day in one for one in line.days)), None)


def _pieces(cycle: Cycle) -> list[Period]:
    """The charged days, cut where a line begins or ends: of each piece all days are on one line."""
    if _cost_alike(cycle):
        return [*cycle.charged_days]
    cuts = {day for line in cycle.lines for one in (line.period, *line.days) for day in (one.start, one.end)}
    pieces = []
    for one in cycle.charged_days:
        days = sorted({one.start, one.end, *(day for day in cuts if day in one)})
        pieces += [Period(start, end) for start, end in pairwise(days)]
    return pieces


def _cost_alike(cycle: Cycle) -> bool:
    return all(line.whole in (None, cycle.whole) for line in cycle.lines)


def difference(cycle: Cycle) -> list[Charge | Return]:
    """What has to be charged or given back so that what was billed for the cycle is what it owes; [] if it is.

    Each stretch of days that is charged anew is a charge of its own, with none of the days between. Goes back from the
    line that was billed last, and at most what is left on it after corrections by staff; where lines cost differently,
    from those first that have the days.
    """
    missing = owed(cycle) - sum(line.charged for line in cycle.lines)
    billed = [day for line in cycle.lines for day in line.days]
    more, unused = without(cycle.charged_days, billed), without(billed, cycle.charged_days)
    if abs(missing) <= cycle.slack and not more and not unused:
        return []
    if missing > 0:
        return [*_charges(cycle, more, missing)]
    back: list[Charge | Return] = []
    last_first = list(reversed(cycle.lines))
    if not _cost_alike(cycle):
        last_first.sort(key=lambda line: not _within(unused, line.period))
    for line in last_first:
        part = min(-missing, line.charged, line.left)
        if part <= 0:
            continue
        period = _around(_within(unused, line.period)) or line.period
        back.append(Return(line.id, period, part, line.give_back(part)))
        missing += part
    return back


def _charges(cycle: Cycle, more: Sequence[Period], missing: int) -> Iterator[Charge]:
    """Together they are what is missing, each by its days. Where any day costs all of the cycle there is one."""
    stretches = merged(more)
    if cycle.mode not in _BY_DAYS or not stretches[1:]:
        yield Charge(_around(more) or _around(cycle.charged_days) or cycle.period, missing)
        return
    days, gone, told = sum(one.days for one in stretches), 0, 0
    for one in stretches:
        gone += one.days
        costs = round_ratio(missing * gone, days, Rounding.HALF_UP)
        yield Charge(one, costs - told)
        told = costs


def _within(days: Iterable[Period], window: Period) -> list[Period]:
    return [found for one in days if (found := one.overlap(window)) is not None]


def _around(days: Sequence[Period]) -> Period | None:
    """From the first day to the last one."""
    if not days:
        return None
    return Period(min(one.start for one in days), max(one.end for one in days))
