"""What documents say about the days of one component, held against the days on which it was had.

This is for proving, and shares nothing with what bills: it looks at lines as anybody could who has the documents in
front of them. Each day that was had stands on one line, no other day stands on any, and each cycle comes to the share
of its price that its days are. Amounts are minor units as the price book has them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from billhead.domain.money import Money, Rounding, round_ratio
from billhead.domain.periods import Period, without

__all__ = ["Day", "Line", "Stretch", "faults_of"]

_FULL_PRICE = ("none", "extend")
"""Modes in which any day of a cycle costs all of it."""


class Line(NamedTuple):
    """A line of an invoice or credit note, with what the calendar has taken off it since: `back` and `amount`.

    `whole` is what all of `cycle` would cost. `standing`: its document is neither void nor written off, and staff have
    corrected nothing on it, so that its amount can be counted. `spent`: staff and the calendar have given all of it
    back, so that none of its days costs anything any more, whether it was had or not.
    """

    document_id: int
    kind: str
    period: Period
    cycle: Period
    whole: int
    amount: int
    term: str
    back: Sequence[Period] = ()
    charges: bool = True
    void: bool = False
    standing: bool = True
    spent: bool = False

    @property
    def days(self) -> list[Period]:
        return without([self.period], self.back)


class Stretch(NamedTuple):
    """The days on which a component was had. `free` ones are not to be paid. `agreed` ones are charged or not: those of
    a trial, and paid ones that went to another customer. In `stopped` ones nothing new was billed. `mode`: how a part
    of a cycle is priced. `slack`: by so much each line may be off, since tax is rounded on the sum of its document."""

    had: Sequence[Period]
    free: Sequence[Period]
    agreed: Sequence[Period]
    stopped: Sequence[Period]
    mode: str
    currency: str
    slack: int = 0


class Day(NamedTuple):
    """A fault: on which day, on which document (None: on none), and what."""

    day: date
    document_id: int | None
    what: str


def faults_of(stretch: Stretch, lines: Sequence[Line]) -> Iterator[Day]:
    """In the order of what hurts most: twice, for nothing, not at all, a wrong amount."""
    yield from _twice(lines, anew=stretch.mode in _FULL_PRICE)
    due = without(stretch.had, stretch.free)
    for line in lines:
        if line.void or line.spent or not line.charges:
            continue
        whole = [line.cycle] if _costs_as_much(line.cycle, lines, due, stretch) else []
        for one in without(without(line.days, stretch.free), [*due, *stretch.agreed, *whole]):
            yield Day(one.start, line.document_id, f"{one} is charged, and it was not had")
    excused = [*(line.period for line in lines if line.void), *stretch.agreed, *stretch.stopped]
    for one in without(due, [*excused, *_covered(lines)]):
        yield Day(one.start, None, f"{one} is not charged")
    yield from _amounts(stretch, lines)


def _costs_as_much(cycle: Period, lines: Iterable[Line], due: Sequence[Period], stretch: Stretch) -> bool:
    """Whether days of a cycle that are not due change nothing of what it comes to: any day of it costs the full price,
    or the days that are due cost the same, rounded, and no cent could be given back."""
    if stretch.mode in _FULL_PRICE:
        return any(cycle.overlap(one) for one in due)
    mine = [line for line in lines if line.cycle == cycle and not line.void]
    had = [line._replace(back=(*line.back, *without([cycle], due))) for line in mine]
    return sum(line.amount for line in mine) == _worth(had, cycle, stretch)[1]


def _covered(lines: Iterable[Line]) -> list[Period]:
    return [day for line in lines if not line.void for day in line.days]


def _twice(lines: Iterable[Line], *, anew: bool) -> Iterator[Day]:
    """`anew`: a whole period that begins within another one leaves that its full price, and its days from then on."""
    charged = [(day, line) for line in lines if line.charges and not line.void for day in line.days]
    charged.sort(key=lambda pair: (pair[0].start, pair[1].document_id))
    for (one, first), (other, second) in pairwise(charged):
        both = one.overlap(other)
        if both is not None and not (anew and first.cycle.start < second.cycle.start == both.start):
            yield Day(both.start, second.document_id, f"{both} is charged twice, also on document {first.document_id}")


def _amounts(stretch: Stretch, lines: Iterable[Line]) -> Iterator[Day]:
    by_cycle: dict[Period, list[Line]] = {}
    for line in lines:
        by_cycle.setdefault(line.cycle, []).append(line)
    for cycle, found in by_cycle.items():
        if not all(line.standing for line in found) or any(cycle.overlap(one) for one in stretch.agreed):
            continue
        days, worth = _worth(found, cycle, stretch)
        amount = sum(line.amount for line in found)
        if abs(worth - amount) > stretch.slack * len(found):
            told, right = Money(amount, stretch.currency), Money(worth, stretch.currency)
            what = f"{days} of the {cycle.days} days from {cycle.start} come to {told}, and are worth {right}"
            yield Day(cycle.start, found[-1].document_id, what)


def _worth(lines: Sequence[Line], cycle: Period, stretch: Stretch) -> tuple[int, int]:
    """How many days of the cycle stand on the lines, and what these are worth: each by the line that it is on. Where
    these cost differently, one with all of its days is worth what it says, and others what is left of the price."""
    taken: list[Period] = []
    on: list[tuple[Line, int]] = []
    for line in lines:
        own = sum(one.days for one in without([] if line.void else line.days, [*stretch.free, *taken]))
        taken += line.days
        on.append((line, own))
    days, term = sum(own for _, own in on), lines[0].term
    if not days:
        return 0, 0
    of = _days_of_price(days, cycle, stretch.mode, term)
    if stretch.mode in _FULL_PRICE or len({line.whole for line in lines}) == 1:
        return days, round_ratio(sum(own * line.whole for line, own in on), of, Rounding.HALF_UP)
    kept = [(line, own) for line, own in on if own and own == sum(one.days for one in line.days)]
    shares = [Fraction(own, _days_of_price(own, cycle, stretch.mode, term)) for _, own in kept]
    left, over = max(Fraction(days, of) - sum(shares), Fraction(0)), days - sum(own for _, own in kept)
    worth = sum(min(line.amount, line.whole) for line, _ in kept)
    for line, own in on:
        if own and (line, own) not in kept:
            costs = left * own * line.whole / over
            worth += round_ratio(costs.numerator, costs.denominator, Rounding.HALF_UP)
    return days, worth


def _days_of_price(days: int, cycle: Period, mode: str, term: str) -> int:
    """So many days cost the whole price, where so many are charged."""
    if days >= cycle.days or mode in _FULL_PRICE:
        return days
    if mode == "fixed_30" and term.endswith(("month", "months", "year", "years")):
        months = int(term.split()[0]) if term[0].isdigit() else 1
        return max(30 * months * (12 if "year" in term else 1), days)
    return cycle.days
