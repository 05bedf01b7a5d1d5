"""Terms, half-open periods, and cycles that are always counted from the anchor, never from the previous date.

Anchor 31 January: 28 February, 31 March, 30 April. Local calendar dates decide; zones matter only at the
two functions at the end.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from billhead.domain.errors import InvalidInput

_DAYS = {"day": 1, "week": 7}
_MONTHS = {"month": 1, "year": 12}
UNITS = (*_DAYS, *_MONTHS)
LONGEST_TERM_DAYS = 3660

_TERM = re.compile(r"(?:(?P<count>[0-9]{1,4})\s+)?(?P<unit>day|week|month|year)s?")


@dataclass(frozen=True, slots=True)
class Term:
    """How long one cycle is: `Term("month", 3)`. The unit is day, week, month or year."""

    unit: str
    count: int = 1

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise InvalidInput("term", f"{self.unit!r} is not a unit", hint=f"Use one of {', '.join(UNITS)}.")
        if type(self.count) is not int or self.count < 1:
            raise InvalidInput("term", f"the count must be a whole number from 1 up, got {self.count!r}")
        if self.about_days > LONGEST_TERM_DAYS:
            raise InvalidInput("term", f"{self} is longer than ten years")

    @classmethod
    def parse(cls, text: str) -> Term:
        """ "3 months", "1 year", "month"."""
        found = _TERM.fullmatch(text.strip().lower())
        if found is None:
            raise InvalidInput("term", f"{text!r} is not a term", hint='Write it like "3 months" or "30 days".')
        return cls(found["unit"], int(found["count"] or 1))

    @property
    def months(self) -> int:
        """Calendar months in the term; 0 for days and weeks."""
        return _MONTHS.get(self.unit, 0) * self.count

    @property
    def days(self) -> int:
        """Fixed days in the term; 0 for months and years."""
        return _DAYS.get(self.unit, 0) * self.count

    @property
    def about_days(self) -> int:
        """To compare terms by: a month counts as 30 days."""
        return self.months * 30 + self.days

    def __str__(self) -> str:
        return f"{self.count} {self.unit}{'' if self.count == 1 else 's'}"


def by_length(term: str) -> int:
    """A key to sort terms by as they stand in the price list, the shortest first; "", paid once, before them all."""
    return Term.parse(term).about_days if term else 0


def refuse_far(field: str, day: date | None, today: date) -> None:
    """Raises InvalidInput for a day that lies further ahead than the longest term: a slip, and no date can be reckoned
    from the last of all."""
    if day is not None and day > today + timedelta(days=LONGEST_TERM_DAYS):
        raise InvalidInput(field, f"{day} is more than ten years ahead")


@dataclass(frozen=True, slots=True)
class Period:
    """[start, end): the end is the start of the next one. Never empty."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if not self.start < self.end:
            raise InvalidInput("period", f"must end after its start, got {self.start} to {self.end}")

    @property
    def days(self) -> int:
        return (self.end - self.start).days

    def overlap(self, other: Period) -> Period | None:
        """What both hold, or None."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Period(start, end) if start < end else None

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end

    def __str__(self) -> str:
        return f"{self.start} to {self.end}"


def cycle_start(anchor: date, term: Term, n: int) -> date:
    """The first day of cycle n: anchor + n × term, clamped to the last day of a shorter month."""
    try:
        if not term.months:
            return anchor + timedelta(days=n * term.days)
        years, month = divmod(anchor.year * 12 + anchor.month - 1 + n * term.months, 12)
        day = anchor.day
        if day > 28:
            day = min(day, monthrange(years, month + 1)[1])
        return date(years, month + 1, day)
    except (ValueError, OverflowError):
        raise InvalidInput("cycle", f"{anchor} + {n} × {term} is outside the calendar") from None


def cycle_index(anchor: date, term: Term, day: date) -> int:
    """Which cycle holds the day; negative before the anchor."""
    if not term.months:
        return (day - anchor).days // term.days
    n = ((day.year - anchor.year) * 12 + day.month - anchor.month) // term.months
    return n - 1 if cycle_start(anchor, term, n) > day else n


def cycle(anchor: date, term: Term, n: int) -> Period:
    return Period(cycle_start(anchor, term, n), cycle_start(anchor, term, n + 1))


def anchor_for_day(day_of_month: int, starts_on: date) -> date:
    """The anchor of an account that bills everything on one day: the latest such day not after the start.

    Only a month that has the day can hold the anchor, or the 31st would be forgotten for good.
    """
    if type(day_of_month) is not int or not 1 <= day_of_month <= 31:
        raise InvalidInput("billing day", f"must be from 1 to 31, got {day_of_month!r}")
    years, month = divmod(starts_on.year * 12 + starts_on.month - 1, 12)
    while monthrange(years, month + 1)[1] < day_of_month or date(years, month + 1, day_of_month) > starts_on:
        years, month = divmod(years * 12 + month - 1, 12)
    return date(years, month + 1, day_of_month)


def anchor_from(anchor: date, term: Term, start: date) -> date:
    """The anchor of what goes on at `start`: it stays where no gap comes between, or the 31st would be forgotten."""
    return anchor if cycle_start(anchor, term, cycle_index(anchor, term, start)) == start else start


def anchor_on_day(anchor: date, term: Term, day_of_month: int | None, start: date) -> date:
    """As `anchor_from`, but of an account that bills everything on one day: that day, whenever it goes on."""
    if day_of_month is None or not term.months:
        return anchor_from(anchor, term, start)
    return anchor if anchor.day == day_of_month else anchor_for_day(day_of_month, start)


def anchor_of_term(anchor: date, term: Term, new: Term, start: date) -> date:
    """The anchor of another term whose cycles go on at `start`, where one of the old term would begin.

    A day of the month that `start` has not is found in an earlier month of the new term, or it would be forgotten: from
    28 February on, quarters are counted from 31 August. Where none has it the latest day that one has.
    """
    if not (term.months and new.months) or anchor_from(anchor, term, start) != anchor:
        return start
    for day in range(anchor.day, start.day, -1):
        for back in range(12):  # by then every month, and a leap year, has come up
            years, month = divmod(start.year * 12 + start.month - 1 - back * new.months, 12)
            if years > 0 and monthrange(years, month + 1)[1] >= day:
                return date(years, month + 1, day)
    return start


def zone(name: str) -> ZoneInfo:
    """The IANA zone of that name."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError, TypeError):
        # An unknown name, one with a path in it, a folder such as "America", and what is no text at all.
        raise InvalidInput(
            "zone", f"{name!r} is not a time zone", hint="Use an IANA name, like Europe/Lisbon."
        ) from None


def local_date(instant: datetime, zone_name: str) -> date:
    """The calendar date that a clock on the wall there shows."""
    if instant.tzinfo is None:
        raise InvalidInput("instant", f"{instant} has no time zone; instants are UTC")
    return instant.astimezone(zone(zone_name)).date()


def start_of_day(day: date, zone_name: str) -> datetime:
    """The first instant, in UTC, at which the calendar there has reached the day.

    Where the clocks skip midnight that is the moment of the jump; a day that is skipped whole (Apia,
    30 December 2011) starts and ends there.
    """
    there = zone(zone_name)
    midnight = datetime.combine(day, time(), tzinfo=there)
    late = midnight.astimezone(UTC)
    early = midnight.replace(fold=1).astimezone(UTC)
    if early >= late:  # midnight exists, once or twice: the first one
        return late
    while late - early > timedelta(seconds=1):  # midnight was skipped: find the jump between the two readings
        middle = (early + (late - early) / 2).replace(microsecond=0)
        if middle.astimezone(there).date() >= day:
            late = middle
        else:
            early = middle
    return early if early.astimezone(there).date() >= day else late


def without(days: Iterable[Period], holes: Iterable[Period]) -> list[Period]:
    """The days of `days` that none of `holes` holds, as disjoint periods in order."""
    left = sorted(days, key=lambda one: one.start)
    for hole in holes:
        left = [part for one in left for part in _cut(one, hole)]
    return left


def merged(days: Iterable[Period]) -> list[Period]:
    """The same days, as disjoint periods in order that do not touch."""
    found: list[Period] = []
    for one in sorted(days, key=lambda one: one.start):
        if found and one.start <= found[-1].end:
            found[-1] = Period(found[-1].start, max(found[-1].end, one.end))
        else:
            found.append(one)
    return found


def _cut(one: Period, hole: Period) -> Iterator[Period]:
    if hole.end <= one.start or one.end <= hole.start:
        yield one
        return
    if one.start < hole.start:
        yield Period(one.start, hole.start)
    if hole.end < one.end:
        yield Period(hole.end, one.end)
