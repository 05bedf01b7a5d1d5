"""One subscription through anything that people do to it, in any order. After each step:

* what was invoiced less what was credited is what the days say, counted anew from nothing, one by one
* a day of a component is charged once at most
* asking again finds nothing to write
* where plans add the missing days instead of giving back, what these were worth is what the added ones cost, to less
  than the price of one
* what the ledger says that the customer owes is what their documents say

and at the end the ledger stands, and the nightly run goes on by itself as if nothing had happened.
"""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from billing_shop import SYSTEM, open_shop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from billhead import clock
from billhead.actions.billing._extended import days_missing
from billhead.actions.billing._standing import read_standing
from billhead.actions.billing.rebill import Desk, preview_rebill
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.subscriptions.begin_scheduled import begin_scheduled
from billhead.actions.subscriptions.cancel import cancel
from billhead.actions.subscriptions.change import AddOnOrder, ChangeWish, change
from billhead.actions.subscriptions.hold import hold
from billhead.actions.subscriptions.keep import keep
from billhead.actions.subscriptions.lapse import lapse
from billhead.actions.subscriptions.resume import resume
from billhead.db import reading, writing
from billhead.domain.errors import Conflict, IllegalTransition, InvalidInput
from billhead.domain.periods import Period, Term, cycle
from billhead.models.documents import Document
from billhead.models.ledger import LedgerAccount, LedgerEntry, LedgerPosting
from billhead.models.sellers import Seller
from billhead.models.subscriptions import FreeTime, Subscription

PRICES = {"basic": 999, "silver": 1799, "gold": 2990, "free": 0, "screen": 333, "sport": 450}
PLANS = ["basic", "silver", "gold", "free"]
MONTH = Term("month")
ZONES = ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago", "America/New_York"]

_WAIT = st.tuples(st.just("wait"), st.integers(1, 45))
_PLAN = st.tuples(st.just("plan"), st.sampled_from(PLANS))
_SCREENS = st.tuples(st.just("screens"), st.integers(0, 3))
_HOLD, _RESUME, _KEEP = (st.tuples(st.just(deed), st.none()) for deed in ("hold", "resume", "keep"))
_CANCEL = st.tuples(st.just("cancel"), st.tuples(st.integers(-3, 60), st.sampled_from(["credit", "nothing"])))
_BACKDATE = st.tuples(st.just("backdate"), st.tuples(st.sampled_from(PLANS), st.integers(1, 20)))
# what ends the story, or keeps everything else from happening, comes rarely
DEEDS = st.sampled_from(
    [_WAIT] * 5 + [_PLAN] * 5 + [_SCREENS] * 3 + [_BACKDATE] * 2 + [_HOLD] + [_RESUME] * 3 + [_CANCEL, _KEEP, _KEEP]
).flatmap(lambda deed: deed)


@dataclass
class Days:
    """What is to be paid, written down day by day by somebody who knows nothing of how it is billed."""

    anchor: date
    begun: date
    had: dict[date, tuple[str, int]] = field(default_factory=dict)  # day → plan and screens, from then on
    holds: list[list[date | None]] = field(default_factory=list)
    ends: date | None = None
    full: bool = False  # any day of a cycle costs all of it
    added: list[tuple[date, date]] = field(default_factory=list)  # [from, to) by changes, as they stand written
    anew: list[date] = field(default_factory=list)  # when a whole period began that follows on none

    def changes(self, day: date, plan: str) -> None:
        before = self.on(day - timedelta(days=1)) if day > self.begun else None
        if before == ("free", 0) and self.on(day)[0] == "free" and PRICES[plan]:
            self.anew.append(day)
        self.had[day] = (plan, self.on(day)[1])

    def cycles(self, billed_to: date) -> list[Period]:
        """Days that were added lie between two cycles, and are counted from anew."""
        found, anchor, n = list[Period](), self.anchor, 0
        follows = dict(self.added)
        while not found or found[-1].end < billed_to:
            found.append(cycle(anchor, MONTH, n))
            n += 1
            anew = next((day for day in sorted(self.anew) if found[0].start < day > anchor and day in found[-1]), None)
            if anew is not None:  # the days from then on are of other cycles
                anchor, n = anew, 0
                continue
            while (end := found[-1].end) in follows:
                anchor, n = follows.pop(end), 0
                if anchor >= billed_to:
                    return found
                found.append(cycle(anchor, MONTH, n))
                n += 1
        return found

    def on(self, day: date) -> tuple[str, int]:
        return self.had[max(start for start in self.had if start <= day)]

    def stands_still(self, day: date) -> bool:
        return any(start <= day and (end is None or day < end) for start, end in self.holds)

    def owed(self, billed_to: date) -> int:
        """Every component in every cycle: its price by the share of days, rounded once."""
        total = 0
        for whole in self.cycles(billed_to):
            for (_, minor), days in self.counted(whole, billed_to).items():
                total += minor if self.full else int(Fraction(minor * days, whole.days) + Fraction(1, 2))
        return total

    def counted(self, whole: Period, billed_to: date) -> dict[tuple[object, int], int]:
        """How many days of the cycle each component is to be paid for."""
        counted: dict[tuple[object, int], int] = {}
        for day in self.each(whole):
            if day >= billed_to or self.stands_still(day) or (self.ends is not None and day >= self.ends):
                continue
            if any(whole.start < anew <= day for anew in self.anew):
                continue
            for what in self.parts(day):
                counted[what] = counted.get(what, 0) + 1
        return counted

    @staticmethod
    def each(days: Period) -> list[date]:
        return [days.start + timedelta(days=offset) for offset in range(days.days)]

    def left(self, billed_to: date) -> tuple[Fraction, Fraction]:
        """(what the days are worth that changes took, less what the added ones cost; the price of the last one)."""
        left, a_day, counted = Fraction(0), Fraction(0), self.cycles(billed_to)
        for whole in counted:
            for (what, minor), _ in self.counted(whole, billed_to).items():
                since = what[-1]
                gone = [day for day in self.each(whole) if (what, minor) not in self.parts(day)]
                gone = [day for day in gone if day < since or not self.stands_still(day)]
                left += Fraction(minor * len(gone), whole.days)
        for start, end in self.added:
            before = next(one for one in counted if one.end == start)
            for day in self.each(Period(start, end)) if start < end else []:
                a_day = Fraction(sum(minor for _, minor in self.parts(day)), before.days)
                left -= a_day
        return left, a_day

    def parts(self, day: date) -> list[tuple[object, int]]:
        """(which component, price of its cycle). A plan that comes back after another one is another component."""
        plan, screens = self.on(day)
        found: list[tuple[object, int]] = [(("plan", plan, self.since(day, 0)), PRICES[plan])]
        if screens:
            found.append((("screens", screens, self.since(day, 1)), PRICES["screen"] * screens))
        return found

    def since(self, day: date, at: int) -> date:
        """The first day of the stretch in which it is what it is on the day."""
        starts = sorted(start for start in self.had if start <= day)
        first = starts[-1]
        for start in reversed(starts):
            if self.had[start][at] != self.had[first][at]:
                break
            first = start
        return first


class Story:
    def __init__(self, shop, zone: str, day_of_month: int, full: bool = False) -> None:
        self.shop, self.zone = shop, ZoneInfo(zone)
        self.today = date(2026, 1, day_of_month)
        self.at(self.today)
        self.customer = shop.customer(zone=zone, card=False)
        self.subscription = shop.subscribe(
            self.customer, shop.known["basic"], due=self.today, billed_through=None, paid_through=None
        )
        self.days = Days(self.today, self.today, {self.today: ("basic", 0)}, full=full)
        self.run()

    def at(self, day: date) -> None:
        self.today = day
        clock.move_business_clock(datetime.combine(day, time(12), tzinfo=self.zone).astimezone(UTC))

    def run(self) -> None:
        """What happens every day, as far as this subscription goes."""
        self.shop.run(clock.business_now())
        with writing(SYSTEM) as tx:
            begin_scheduled(tx)
        with writing(SYSTEM) as tx:
            lapse(tx)

    def row(self) -> Subscription:
        return self.shop.get(Subscription, self.subscription)

    def act(self, verb, *args, **named):
        with writing(SYSTEM) as tx:
            return verb(tx, *args, **named)

    # -- deeds: what the shop does, and what it means for the days

    def do(self, deed: str, detail) -> None:
        with suppress(Conflict, InvalidInput, IllegalTransition):
            # what is not possible now changes nothing, which the checks see
            getattr(self, f"do_{deed}")(detail)

    def do_wait(self, days: int) -> None:
        for _ in range(days):
            self.at(self.today + timedelta(days=1))
            self.run()

    def do_plan(self, plan: str) -> None:
        self.act(change, ChangeWish(self.subscription, plan=plan, when="immediate"))
        self.days.changes(self.today, plan)

    def do_backdate(self, detail) -> None:
        plan, ago = detail
        day = self.today - timedelta(days=ago)
        if day < self.days.begun or any(day <= start for start in self.days.had if start != self.days.begun):
            return  # a past that was changed since is corrected step by step
        self.act(change, ChangeWish(self.subscription, plan=plan, on=day))
        self.days.changes(day, plan)

    def do_screens(self, number: int) -> None:
        wanted = (AddOnOrder("screen", number),) if number else ()
        self.act(change, ChangeWish(self.subscription, addons=wanted, when="immediate"))
        self.days.had[self.today] = (self.days.on(self.today)[0], number)

    def do_hold(self, _) -> None:
        self.act(hold, self.subscription)
        self.days.holds.append([self.today, None])

    def do_resume(self, _) -> None:
        billed = self.row().billed_through
        self.act(resume, self.subscription)
        self.days.holds[-1][1] = self.today
        if self.days.full and billed < self.today:  # a part of a cycle becomes a whole one
            self.days.anew.append(self.today)

    def do_cancel(self, detail) -> None:
        ahead, money = detail
        row = self.row()
        day = max(self.today + timedelta(days=ahead), self.days.begun)
        self.act(cancel, self.subscription, "on_date", on=day, money=money)
        # paid days stay so; of those that are not, nobody owes what lies behind the end
        paid = min(row.billed_through, row.paid_through or day)
        self.days.ends = day if money == "credit" else max(day, paid)

    def do_keep(self, _) -> None:
        self.act(keep, self.subscription)
        self.days.ends = None

    # -- what must hold

    def check(self) -> None:
        row = self.row()
        rows = self.shop.all(FreeTime, FreeTime.subscription_id == self.subscription, FreeTime.why == "extended")
        self.days.added = sorted((one.starts_on, one.ends_on) for one in rows if one.starts_on < one.ends_on)
        assert self.net() == self.days.owed(row.billed_through)
        self.no_day_twice()
        if self.days.full:
            self.days_are_worth_what_they_cost(row)
        with reading() as session:
            desk = Desk()
            again = preview_rebill(session, desk, desk.history(session, self.subscription))
            assert (again.kind, again.lines) == ("", ())
        assert self.documents_owe() == self.ledger_owes()

    def days_are_worth_what_they_cost(self, row) -> None:
        left, a_day = self.days.left(row.billed_through)
        open_ones = [one for one in self.days.added if one[1] == row.billed_through and one[1] > self.today]
        if open_ones and self.days.ends is None:
            assert 0 <= left < a_day
        with reading() as session:
            desk = Desk()
            assert days_missing(desk.history(session, self.subscription), desk.catalogue) == 0

    def documents(self):
        return self.shop.all(Document, Document.customer_id == self.customer)

    def net(self) -> int:
        return sum(-one.net_minor if one.kind == "credit_note" else one.net_minor for one in self.documents())

    def documents_owe(self) -> int:
        return sum(-one.total_minor if one.kind == "credit_note" else one.total_minor for one in self.documents())

    def ledger_owes(self) -> int:
        with reading() as session:
            rows = session.execute(
                select(LedgerPosting.side, func.sum(LedgerPosting.amount_minor))
                .join(LedgerEntry, LedgerEntry.id == LedgerPosting.entry_id)
                .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
                .where(LedgerPosting.customer_id == self.customer)
                .where(LedgerAccount.code.in_(["receivable", "credit_bought"]))
                .group_by(LedgerPosting.side)
            ).all()
        return sum(int(minor) if side == "D" else -int(minor) for side, minor in rows)

    def no_day_twice(self) -> None:
        with reading() as session:
            standing = read_standing(session, [self.subscription]).get(self.subscription, {})
        for lines in standing.values():
            days = [day for line in lines if line.billed.amount > 0 for day in line.billed.days]
            for one in days:
                assert [other for other in days if one.overlap(other) is not None] == [one]


@pytest.fixture
def shop(sqlite_url, tmp_path):
    with clock.business_time(datetime(2026, 1, 1, 12, tzinfo=UTC)), open_shop(sqlite_url, tmp_path) as shop:
        addons = {"kind": "connection", "details": {"plans": PLANS, "max_units": 5}}
        shop.known = {code: shop.plan(code, PRICES[code]) for code in PLANS}
        shop.plan("screen", PRICES["screen"], **addons)
        yield shop


@pytest.fixture
def adding_days(sqlite_url, tmp_path):
    with clock.business_time(datetime(2026, 1, 1, 12, tzinfo=UTC)), open_shop(sqlite_url, tmp_path) as shop:
        addons = {"kind": "connection", "details": {"plans": PLANS, "max_units": 5}}
        shop.known = {code: shop.plan(code, PRICES[code], proration="extend") for code in PLANS}
        shop.plan("screen", PRICES["screen"], proration="extend", **addons)
        yield shop


def tell(shop, zone, day_of_month, deeds, full=False):
    story = Story(shop, zone, day_of_month, full)
    story.check()
    for deed, detail in deeds:
        story.do(deed, detail)
        story.check()
    with writing(SYSTEM) as tx:  # the next story begins in an earlier year: leave nothing that it would bill
        if tx.session.get_one(Subscription, story.subscription).state != "canceled":
            cancel(tx, story.subscription, "immediate")


@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(ZONES), st.integers(1, 31), st.lists(DEEDS, min_size=4, max_size=14))
def test_whatever_is_done_in_whatever_order_the_days_decide(shop, zone, day_of_month, deeds):
    tell(shop, zone, day_of_month, deeds)
    with reading() as session:
        assert verify_ledger(session).faults == []
        assert session.scalar(select(func.count()).select_from(Seller)) == 1


@settings(max_examples=6, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(ZONES), st.integers(1, 31), st.lists(DEEDS, min_size=4, max_size=10))
def test_days_that_are_added_cost_what_those_were_worth_that_are_missing(adding_days, zone, day_of_month, deeds):
    tell(adding_days, zone, day_of_month, deeds, full=True)


@pytest.mark.full
@settings(max_examples=300, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(ZONES), st.integers(1, 31), st.lists(DEEDS, min_size=4, max_size=30))
def test_the_same_for_longer_where_days_are_added(adding_days, zone, day_of_month, deeds):
    tell(adding_days, zone, day_of_month, deeds, full=True)


@pytest.mark.full
@settings(max_examples=300, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(ZONES), st.integers(1, 31), st.lists(DEEDS, min_size=4, max_size=30))
def test_the_same_for_longer(shop, zone, day_of_month, deeds):
    tell(shop, zone, day_of_month, deeds)
