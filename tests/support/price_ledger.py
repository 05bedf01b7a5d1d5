"""What one subscription owes where prices come and go, told by somebody who marks days in a calendar and knows nothing
of how Billhead bills. Written from the rules of prices and coupons, with an arithmetic of its own; it calls nothing of
Billhead. Amounts are minor units, as the price list has them.

Each day of each part gets, when it is billed first, the price of its cycle after discount; it never gets another one. A
part costs, in each cycle, that price by the share of its days that are to be paid, rounded half up once.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction

from day_ledger import DAY, Calendar, Cycle, months_after
from price_list import Coupon, PriceList, discounted, half_up

__all__ = ["Lasts", "Part", "PriceLedger"]


@dataclass
class Part:
    what: str
    number: int
    version: int
    since: date
    until: date | None = None
    priced: dict[date, int] = field(default_factory=dict)  # day → what its whole cycle costs after discount

    def on(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day < self.until)

    @property
    def key(self) -> tuple[str, int, date]:
        return self.what, self.number, self.since


@dataclass(frozen=True)
class Lasts:
    """How long a plan lasts: until a day, or for so many months; `then` is the plan that follows, "": none."""

    until: date | None = None
    months: int = 0
    then: str = ""

    def ends(self, first: date) -> date | None:
        return months_after(first, self.months) if self.months else self.until


@dataclass
class PriceLedger:
    """`billed_to` is the first day that is not on a bill yet, `ends` the first one that is never paid for. `ahead`: so
    many days before a period begins it is billed. `by_staff`: what credit notes of staff gave, by part and cycle."""

    prices: PriceList
    lasts: dict[str, Lasts]
    begins: date
    ahead: int = 0
    billed_to: date = date.min
    parts: list[Part] = field(default_factory=list)
    coupons: list[Coupon] = field(default_factory=list)
    free: list[list[date | None]] = field(default_factory=list)
    ends: date | None = None
    own_end: date | None = None  # of the plan, whatever somebody cancels
    runs: bool = True
    cut: Cycle | None = None  # the last one that was billed, if not to its end
    by_staff: dict[tuple[tuple[str, int, date], Cycle], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.billed_to = self.begins
        self.calendar = Calendar(self.begins, self.begins, 1)

    # -- what is had

    def begin(self, plan: str, addons: dict[str, int]) -> None:
        self._add(plan, 1, self.begins, self.begins)
        for what, number in addons.items():
            self._add(what, number, self.begins, self.begins)
        self._plan_lasts(self.begins, self.begins)

    def now(self, day: date) -> dict[str, Part]:
        return {part.what: part for part in self.parts if part.on(day)}

    def plan(self, day: date) -> Part:
        return next(part for what, part in self.now(day).items() if what not in ("screen", "sport"))

    def changes(self, day: date, plan: str, addons: dict[str, int]) -> None:
        """From the day on. What stays keeps its price, and so do fewer; what comes costs what is sold on the day."""
        had, wanted = self.now(day), {plan: 1, **addons}
        before = self.plan(day)
        other = before.what != plan
        if other:
            self._plan_goes(day)
        for part in list(had.values()):
            if wanted.get(part.what) == part.number:
                del wanted[part.what]
            else:
                part.until = day
        for what, number in wanted.items():
            self._add(what, number, day, day, had.get(what))
        if other:
            self._plan_lasts(self.plan(day).since, day)
        self._price(day, self.billed_to)

    def _add(self, what: str, number: int, since: date, today: date, had: Part | None = None) -> None:
        back = next(
            (one for one in self.parts if one.until == since and (one.what, one.number) == (what, number)), None
        )
        if back is not None:  # what was changed today is taken back
            back.until = None
            return
        fewer = had is not None and had.number >= number
        version = had.version if had is not None and fewer else self.prices.sold(what, today)
        self.parts.append(Part(what, number, version, since))

    def _plan_goes(self, day: date) -> None:
        """And with it what would have followed on it."""
        if self.own_end is None:
            return
        for part in self.parts:
            if part.since == self.own_end > day:
                part.until = part.since
            elif part.until == self.own_end > day:
                part.until = None
        self.ends = self.own_end = None

    def _follows(self) -> bool:
        return any(part.since == self.own_end and part.until != part.since for part in self.parts)

    def _plan_lasts(self, first: date, today: date) -> None:
        plan = self.plan(today)
        terms = self.lasts.get(plan.what, Lasts())
        end = terms.ends(first)
        self.own_end = terms.ends(today) if end is not None and end <= today else end
        if self.own_end is not None and terms.then:
            plan.until = self.own_end
            self._add(terms.then, 1, self.own_end, today)
        elif self.own_end is not None:
            self.ends = self.own_end

    # -- the calendar goes on

    def bill(self, today: date) -> None:
        """What begins within the days ahead is on a bill."""
        until = today + self.ahead * DAY
        while self.runs and self.billed_to <= until and (self.ends is None or self.billed_to < self.ends):
            cycle, start = self.calendar.cycle(self.billed_to), self.billed_to
            end = cycle.end if self.ends is None else min(cycle.end, self.ends)
            self._bill(cycle, start, end)
            self.billed_to, self.cut = end, cycle if end < cycle.end else None

    def _bill(self, cycle: Cycle, start: date, end: date) -> None:
        here = [part for part in self.parts if any(part.on(day) for day in _days(start, end))]
        whole = [part for part in here if Cycle(start, end) == cycle and all(part.on(day) for day in _days(*cycle))]
        costs = discounted(self.coupons, [self._minor(part, cycle) for part in whole], cycle, whole=True)
        for part in here:
            minor = costs[whole.index(part)] if part in whole else self._part_minor(part, cycle)
            part.priced |= {day: minor for day in _days(start, end) if part.on(day)}

    def _price(self, start: date, end: date) -> None:
        """Days that were billed already, of parts that have come since."""
        for part in self.parts:
            for day in _days(start, end):
                if part.on(day) and day not in part.priced:
                    part.priced[day] = self._part_minor(part, self.calendar.cycle(day))

    def _minor(self, part: Part, cycle: Cycle) -> int:
        return part.number * self.prices.minor(part.what, part.version, cycle.start)

    def _part_minor(self, part: Part, cycle: Cycle) -> int:
        return discounted(self.coupons, [self._minor(part, cycle)], cycle, whole=False)[0]

    # -- holds and ends

    def stands_still(self, since: date) -> None:
        self.runs = False
        self.free.append([since, None])

    def goes_on(self, day: date) -> None:
        self.free[-1][1] = day
        self.runs = True
        self.billed_to = max(self.billed_to, day)  # nobody is billed for what lay in between

    def leaves_on(self, day: date, today: date) -> None:
        own = None if self._follows() else self.own_end
        self.ends = min(day, own or day)
        self.bill(today)
        self.night(today)

    def night(self, today: date) -> None:
        if self.ends is not None and self.ends <= today:
            self.runs = False

    def stays(self) -> None:
        """After all, as long as the plan lasts: a cycle that was cut short is billed to its end."""
        self.ends = None if self._follows() else self.own_end
        if self.cut is not None and self.cut.start < self.billed_to < self.cut.end:
            start, self.billed_to = self.billed_to, min(self.cut.end, self.ends or date.max)
            for part in self.parts:
                before = [part.priced[day] for day in _days(self.cut.start, start) if day in part.priced]
                if before:
                    part.priced |= {day: before[-1] for day in _days(start, self.billed_to) if part.on(day)}
            self._price(start, self.billed_to)
        self.cut = None

    # -- what it comes to

    def owed(self) -> int:
        """Nobody gets more back of a part than it cost, whoever gave it."""
        counted: dict[tuple[tuple[str, int, date], Cycle, int], int] = {}
        for part in self.parts:
            for day, minor in part.priced.items():
                if part.on(day) and day < self.billed_to and (self.ends is None or day < self.ends):
                    key = (part.key, self.calendar.cycle(day), minor)
                    counted[key] = counted.get(key, 0) + (not self._is_free(day))
        costs = dict.fromkeys(self.by_staff, 0)
        for (key, cycle, minor), days in counted.items():
            costs[key, cycle] = costs.get((key, cycle), 0) + half_up(Fraction(minor * days, cycle.days))
        return sum(max(cost - self.by_staff.get(at, 0), 0) for at, cost in costs.items())

    def _is_free(self, day: date) -> bool:
        return any(start <= day and (end is None or day < end) for start, end in self.free if start is not None)


def _days(start: date, end: date) -> Iterator[date]:
    while start < end:
        yield start
        start += timedelta(days=1)
