"""What is to be paid for one subscription, told by somebody who marks days in a calendar and knows nothing of how
Billhead bills. Written from the rules of billing, with an arithmetic of its own; it calls nothing of Billhead.

A day belongs to a cycle, which is counted from the anchor. Each part (the plan, the screens) costs, in each cycle, the
price of the cycle by the share of its days that are to be paid, rounded half up once. A plan that comes back after
another one is another part. Amounts are minor units, as the price list has them.
"""

from calendar import monthrange
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

DAY = timedelta(days=1)


def months_after(anchor: date, months: int) -> date:
    """The same day of a later (or earlier) month, or the last one that it has."""
    year, month = anchor.year, anchor.month + months
    while month > 12:
        year, month = year + 1, month - 12
    while month < 1:
        year, month = year - 1, month + 12
    return date(year, month, min(anchor.day, monthrange(year, month)[1]))


def latest_anchor(day: int, start: date, months: int) -> date:
    """The last date not after `start` from which cycles of so many months come to it, on that day of the month; on the
    latest that one has, if none has that."""
    for wanted in range(day, start.day, -1):
        first = start.replace(day=1)
        for _ in range(12):
            if monthrange(first.year, first.month)[1] >= wanted:
                return first.replace(day=wanted)
            first = months_after(first, -months)
    return start


class Cycle(NamedTuple):
    start: date
    end: date

    @property
    def days(self) -> int:
        return (self.end - self.start).days


class Calendar(NamedTuple):
    """From `since` on, cycles of so many months are counted from the anchor."""

    since: date
    anchor: date
    months: int

    def cycle(self, day: date) -> Cycle:
        n = 0
        while months_after(self.anchor, n * self.months) > day:
            n -= 1
        while months_after(self.anchor, (n + 1) * self.months) <= day:
            n += 1
        return Cycle(months_after(self.anchor, n * self.months), months_after(self.anchor, (n + 1) * self.months))


@dataclass(frozen=True)
class Had:
    """What is had from a day on, by whom, and for how many months at a time."""

    who: int
    plan: str
    screens: int = 0
    months: int = 1


@dataclass
class DayLedger:
    """`prices`: what a cycle of so many months costs, by (what, months).

    `billed_to` is the first day that is not on a bill yet, `ends` the first one that is never paid for, `leaves` the
    first one without service. `runs`: nothing is billed while it does not.
    """

    prices: dict[tuple[str, int], int]
    begins: date
    had: dict[date, Had]
    calendars: list[Calendar]
    billed_to: date
    percent: int = 0  # a coupon takes so much off …
    cycles_left: int | None = 0  # … in so many cycles more; None: for ever
    trial_minor: int = 0
    trial_who: int = 0
    free: list[list[date | None]] = field(default_factory=list)
    ends: date | None = None
    leaves: date | None = None
    runs: bool = True
    cut: Cycle | None = None  # the last one that was billed, if not to its end
    waiting: list[list[date]] = field(default_factory=list)  # days that were given after billing was over
    today: date = date.min
    marked: dict[Cycle, bool] = field(default_factory=dict)  # is the coupon for this cycle?

    # -- what is where

    def on(self, day: date) -> Had:
        return self.had[max(start for start in self.had if start <= day)]

    def cycle(self, day: date) -> Cycle:
        return [one for one in self.calendars if one.since <= day][-1].cycle(day)

    def is_free(self, day: date) -> bool:
        return any(start <= day and (end is None or day < end) for start, end in self.free if start is not None)

    # -- the calendar goes on

    def bill(self, today: date) -> None:
        """What has begun by today is on a bill."""
        self.today = max(self.today, today)
        while self.runs and self.billed_to <= today and (self.ends is None or self.billed_to < self.ends):
            cycle = self.cycle(self.billed_to)
            end = cycle.end if self.ends is None else min(cycle.end, self.ends)
            self._use_coupon(self.billed_to, self.billed_to == cycle.start and end == cycle.end)
            self.billed_to, self.cut = end, cycle if end < cycle.end else None

    def night(self, today: date) -> None:
        self.bill(today)
        if self.leaves is not None and self.leaves <= today:
            self.runs = False

    # -- what people do

    def changes(self, day: date, **what: object) -> None:
        paid = self._becomes_paid(day, what)
        self.had[day] = replace(self.on(day), **what)
        if paid:
            self._begins_anew(day)
        while day < self.billed_to:
            self._use_coupon(day, whole=False)
            day = self.cycle(day).end

    def _becomes_paid(self, day: date, what: dict[str, object]) -> bool:
        """From what was had for nothing the day before, to a plan that is not, where today's was not either."""
        if "plan" not in what or day <= self.begins:
            return False
        before, now = self.on(day - DAY), self.on(day)
        free = not any((self.prices[before.plan, before.months], before.screens, self.prices[now.plan, now.months]))
        return free and self.prices[str(what["plan"]), now.months] > 0 and day <= self.today

    def _begins_anew(self, day: date) -> None:
        """A whole period, and days that were given of what cost nothing are gone."""
        self.free = [
            [since, until and min(until, day)] for since, until in self.free if since is not None and since < day
        ]
        self.counts_from(day, day, self.on(day).months)
        self.billed_to, self.cut = day, None
        self.bill(self.today)

    def counts_from(self, since: date, anchor: date, months: int) -> None:
        self.calendars = [one for one in self.calendars if one.since != since]
        self.calendars.append(Calendar(since, anchor, months))

    def has_other_terms(self, today: date, months: int) -> None:
        """From today on; the next bill stays where it is, and the day of the month is remembered."""
        until = max(self.billed_to, today)
        before = [one for one in self.calendars if one.since <= until][-1]
        on_its_day = before.cycle(until).start == until
        anchor = latest_anchor(before.anchor.day, until, months) if on_its_day else until
        self.changes(today, months=months)
        self.counts_from(today, anchor, months)

    def stands_still(self, since: date) -> None:
        """On hold: none of its days is paid for until it goes on."""
        self.runs = False
        self.free.append([since, None])

    def goes_on(self, day: date) -> None:
        if self.free and self.free[-1][1] is None:
            self.free[-1][1] = day
        self.runs = True
        if self.billed_to < day:  # nobody is billed for what lay in between
            self.free.append([self.billed_to, day])
            self.billed_to = day

    def is_stopped(self) -> None:
        """For debt, or by staff: what is billed is to be paid, and no more is billed."""
        self.runs = False

    def is_given(self, days: int, today: date) -> None:
        """What runs is so much longer, and whole cycles follow; after a cancellation billing is over as it was, and the
        days wait for whoever takes that back."""
        longer, billed = days * DAY, self.billed_to
        since = max(billed, today)
        over = self.ends is not None and self.ends <= billed
        self.had = {(day + longer if day >= billed and day > today else day): one for day, one in self.had.items()}
        if over:
            self.waiting.append([since, since + longer])
        else:
            self._runs_longer(since, since + longer)
        if self.leaves is not None:
            self.leaves = max(self.leaves, today) + longer
            self.ends = self.ends if over or self.ends is None else self.ends + longer

    def _runs_longer(self, since: date, until: date) -> None:
        if self.billed_to == self.begins:  # of a trial: what follows it begins so much later
            self.begins = until
        self.free.append([since, until])
        self.billed_to = until
        self.counts_from(until, until, self.on(since).months)

    def leaves_on(self, service: date, billing: date, today: date) -> None:
        self.leaves, self.ends = service, billing
        self.bill(today)
        if service <= today:
            self.runs = False

    def stays(self) -> None:
        """After all: the cycle that was cut short is billed to its end, and days that were given since follow it."""
        self.leaves = self.ends = None
        later = timedelta(0)
        if self.cut is not None and self.cut.start < self.billed_to < self.cut.end:
            later = self.cut.end - self.billed_to
            self.billed_to = self.cut.end
        for since, until in self.waiting:
            self._runs_longer(since + later, until + later)
        self.cut, self.waiting = None, []

    # -- what it comes to

    def owed(self) -> dict[int, int]:
        """By customer."""
        found = {self.trial_who: self.trial_minor}
        counted: dict[tuple[int, str, int, int, date, Cycle], int] = {}
        day = self.begins
        while day < self.billed_to and (self.ends is None or day < self.ends):
            if not self.is_free(day):
                for part in self._parts(day):
                    counted[(*part, self.cycle(day))] = counted.get((*part, self.cycle(day)), 0) + 1
            day += DAY
        for (who, what, number, months, _, cycle), days in counted.items():
            price = self.prices[what, months] * number
            if self.marked.get(cycle):
                price -= _half_up(Fraction(price * self.percent, 100))
            found[who] = found.get(who, 0) + _half_up(Fraction(price * days, cycle.days))
        return found

    def _parts(self, day: date) -> list[tuple[int, str, int, int, date]]:
        """(who, what, how many, months, since when it is had like that)."""
        one = self.on(day)
        parts = [(one.who, one.plan, 1, one.months, self._since(day, "plan"))]
        if one.screens:
            parts.append((one.who, "screen", one.screens, one.months, self._since(day, "screens")))
        return parts

    def _since(self, day: date, name: str) -> date:
        starts = sorted(start for start in self.had if start <= day)
        alike = self._alike(starts[-1], name)
        first = starts[-1]
        for start in reversed(starts):
            if self._alike(start, name) != alike:
                break
            first = start
        return first

    def _alike(self, start: date, name: str) -> tuple[object, ...]:
        one = self.had[start]
        return one.who, one.months, getattr(one, name)

    # -- the coupon

    def _use_coupon(self, day: date, whole: bool) -> None:
        """It counts the cycles that it made cheaper; parts of one get it too, and count as none."""
        cycle, one = self.cycle(day), self.on(day)
        worth = self.prices[one.plan, one.months] + one.screens
        if not self.percent or cycle in self.marked or not worth:
            return
        self.marked[cycle] = self.cycles_left != 0
        if whole and self.cycles_left:
            self.cycles_left -= 1


def _half_up(amount: Fraction) -> int:
    return int(amount + Fraction(1, 2))
