"""Everything that can happen to a subscription and its money, each by the verb that a shop has for it, told to a
`DayLedger` at the same time. `check` holds what was written against that ledger, and everything against everything.
"""

import shutil
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from billing_shop import Shop
from coupon_shop import make
from day_ledger import Calendar, DayLedger, Had
from long_story import Story
from metered_shop import meter, metric, used

from billhead import clock
from billhead.actions.billing.run import RunReport
from billhead.actions.payments.book_receipt import book_receipt
from billhead.actions.payments.refund import refund
from billhead.actions.subscriptions._given_days import give_days_to
from billhead.actions.subscriptions.cancel import cancel
from billhead.actions.subscriptions.change import AddOnOrder, ChangeWish, change
from billhead.actions.subscriptions.hold import hold
from billhead.actions.subscriptions.keep import keep
from billhead.actions.subscriptions.restore import restore
from billhead.actions.subscriptions.resume import resume
from billhead.actions.subscriptions.start import Order, start_subscription
from billhead.actions.subscriptions.suspend import suspend
from billhead.actions.subscriptions.transfer import transfer
from billhead.actions.usage.record_events import record_events
from billhead.db import db
from billhead.domain.errors import Conflict, IllegalTransition, InvalidInput
from billhead.models.documents import Document
from billhead.models.subscriptions import Subscription

PRICES = {
    ("basic", 1): 996, ("silver", 1): 1796, ("gold", 1): 2988, ("free", 1): 0, ("screen", 1): 332,
    ("basic", 3): 2700, ("silver", 3): 4900, ("gold", 3): 8100, ("free", 3): 0, ("screen", 3): 900,
}  # fmt: skip
PLANS = ("basic", "silver", "gold", "free")
A_MINUTE = 2  # cents
DAY = timedelta(days=1)
_REFUSED = (Conflict, InvalidInput, IllegalTransition)


@dataclass(frozen=True)
class Begins:
    """How a story begins. `trial`: None, or what the week costs. `coupon`: None, or in how many cycles it takes 25 %
    off, 0: in all. `inclusive`: prices have the tax in them."""

    zone: str = "UTC"
    day: int = 1
    card: bool = True
    inclusive: bool = False
    trial: int | None = None
    coupon: int | None = None


@dataclass
class Life(Story):
    """Two customers; the first one orders, the second one may get it. All live in one zone."""

    begins: Begins = field(default_factory=Begins)
    who: list[int] = field(default_factory=list)
    subscription: int = 0
    days: DayLedger = field(init=False)
    minutes: list[tuple[date, int]] = field(default_factory=list)
    transferred_in: int = 0
    numbered: int = 0
    handed_over_on: date | None = None

    # -- it begins

    def open(self) -> None:
        shop, begins = self.shop, self.begins
        trial = {} if begins.trial is None else {"trial_term": "7 days", "trial_minor": begins.trial}
        screens = {"kind": "connection", "details": {"plans": list(PLANS), "max_units": 5}}
        minutes = metric(shop)
        for code in (*PLANS, "screen"):
            more = screens if code == "screen" else {}
            more |= trial if code == "basic" else {}
            sold = shop.plan(code, PRICES[code, 1], tax_inclusive=begins.inclusive, **more)
            longer = shop.price(sold[0], shop.books[f"EUR{begins.inclusive}"], "3 months", PRICES[code, 3])
            if code != "screen":
                meter(shop, sold, minutes, "standard", unit="0.02")
                meter(shop, (sold[0], longer), minutes, "standard", unit="0.02")
        if begins.coupon is not None:
            make(shop, "LESS", percent_ppm=250_000, cycles=begins.coupon or None)
        self.who = [shop.customer(zone=begins.zone, card=False) for _ in range(2)]
        self.bank_account = self.bank()
        self._order()
        self.settle_down()

    def _order(self) -> None:
        begins = self.begins
        codes = () if begins.coupon is None else ("LESS",)
        order = Order(self.who[0], "basic", "1 month", trial=begins.trial is not None, coupons=codes)
        started = self.do(start_subscription, order)
        self.subscription = started.subscription_id
        if self.shop.get(Document, started.document_id).kind == "proforma":
            self.pays(started.document_id, save=begins.card)
        begun = self.row()  # without a card it is billed by the calendar all the same, and owed for
        self.shop.change(Subscription, self.subscription, collection="auto", next_bill_on=begun.billed_through)
        first = self.today if begins.trial is None else self.today + 7 * DAY
        self.days = DayLedger(
            PRICES,
            first,
            {self.today: Had(self.who[0], "basic")},
            [Calendar(self.today, first, 1)],
            first,
            25 if begins.coupon is not None else 0,
            begins.coupon or None,
            begins.trial or 0,
            self.who[0],
        )
        self.days.bill(self.today)

    # -- time

    def wait(self, days: int) -> None:
        for _ in range(days):
            self.on(self.today + DAY)
            self.days.night(self.today)
            self._as_it_stands()

    def _something_is_due(self) -> bool:
        leaves = self.days.leaves
        return super()._something_is_due() or (leaves is not None and leaves <= self.today + DAY)

    def settle_down(self) -> RunReport:
        """What is due is billed in the hour."""
        report = self.shop.run(clock.business_now())
        self.work()
        self._as_it_stands()
        self.days.bill(self.today)
        return report

    def _as_it_stands(self) -> None:
        """What dunning and payments have stopped, ended and started again is history too."""
        row, days = self.row(), self.days
        if row.state == "canceled":
            if days.leaves is None or days.leaves > self.today:
                days.leaves_on(self.today, self._paid_days(self.today), self.today)
            days.runs = False
        elif row.state == "suspended" and days.runs:
            days.is_stopped()
        elif row.state != "suspended" and not days.runs:
            days.goes_on(self.today)

    def row(self) -> Subscription:
        return self.shop.get(Subscription, self.subscription)

    def attempt(self, verb: Any, *args: Any, **named: Any) -> bool:
        """False where it is refused: then nothing has changed, which the checks see."""
        try:
            self.do(verb, *args, **named)
        except _REFUSED:
            return False
        return True

    # -- what is had

    def changes_plan(self, plan: str) -> None:
        if self.attempt(change, ChangeWish(self.subscription, plan=plan, when="immediate")):
            self.days.changes(self.today, plan=plan)

    def changes_screens(self, number: int) -> None:
        wanted = (AddOnOrder("screen", number),) if number else ()
        if self.attempt(change, ChangeWish(self.subscription, addons=wanted, when="immediate")):
            self.days.changes(self.today, screens=number)

    def changes_term(self, months: int) -> None:
        if self.begins.coupon is not None:
            return  # which cycle of another length a coupon still holds for is told in its own tests
        wish = ChangeWish(self.subscription, term=f"{months} months", when="immediate")
        if self.attempt(change, wish):
            self.days.has_other_terms(self.today, months)

    def corrects(self, plan: str, ago: int) -> None:
        day = self.today - ago * DAY
        if day < self.days.begins or any(day <= start for start in self.days.had if start > self.days.begins):
            return  # a past that was changed since is corrected step by step
        if self.attempt(change, ChangeWish(self.subscription, plan=plan, on=day)):
            self.days.changes(day, plan=plan)

    def plans(self, plan: str) -> None:
        day = max(self.days.billed_to, self.today)
        if self.attempt(change, ChangeWish(self.subscription, plan=plan, when="end_of_term")):
            self.days.changes(day, plan=plan)

    def watches(self, minutes: int) -> None:
        if not self.days.runs:
            return
        at = clock.business_now().isoformat()
        self.do(record_events, "panel", (used(self.subscription, minutes, at),))
        self.minutes.append((self.today, minutes))

    # -- holds, ends, hands

    def holds(self) -> None:
        if self.attempt(hold, self.subscription):
            self.days.stands_still(self.today)

    def resumes(self) -> None:
        if self.attempt(resume, self.subscription):
            self.days.goes_on(self.today)

    def is_stopped_by_staff(self) -> None:
        if self.attempt(suspend, self.subscription, "staff"):
            self._as_it_stands()

    def goes_on_by_staff(self) -> None:
        if self.attempt(restore, self.subscription, "staff"):
            self._as_it_stands()

    def cancels(self, ahead: int, money: str) -> None:
        day = max(self.today + ahead * DAY, self.row().started_on)
        charged_to = day if money == "credit" else self._paid_days(day)
        if self.attempt(cancel, self.subscription, "on_date", on=day, money=money):
            self._drop_plans()
            self.days.leaves_on(day, charged_to, self.today)

    def _paid_days(self, leaves: date) -> date:
        """Days that are paid stay so; of those that are not, nobody owes what lies behind the end."""
        paid = self.row().paid_through or leaves
        return max(leaves, min(self.days.billed_to, paid))

    def keeps(self) -> None:
        canceled = self.days.leaves is not None
        if self.attempt(keep, self.subscription):
            self._drop_plans()
            if canceled:
                self.days.stays()

    def _drop_plans(self) -> None:
        for day in [day for day in self.days.had if day > self.today]:
            del self.days.had[day]

    def is_given(self, days: int) -> None:
        if self.days.runs and self.attempt(give_days_to, self.subscription, days, "an outage"):
            self.days.is_given(days, self.today)

    def is_handed_over(self, money: str) -> None:
        if self.handed_over_on == self.today:
            return
        now = self.row().customer_id
        to = next(one for one in self.who if one != now)
        if self.attempt(transfer, self.subscription, to, money):
            self._drop_plans()
            self.days.changes(self.today, who=to)
            self.handed_over_on = self.today

    # -- money

    def card_is(self, empty: bool) -> None:
        self.cards.empty = empty

    def pays_all(self) -> None:
        """On the processor's page, one after the other."""
        for document in self.open_ones():
            with suppress(Conflict):  # the one before it has paid it too, or it takes no money now
                self.pays(document.id)

    def transfers(self, percent: int) -> None:
        """A part of what is owed, all of it, or more; and something where nothing is owed."""
        now = self.row().customer_id
        owed = sum(one.total_minor - one.settled_minor for one in self.open_ones() if one.customer_id == now)
        minor = max((owed or 1000) * percent // 100, 1)
        self.numbered += 1
        if self.attempt(book_receipt, now, self.bank_account, minor, "EUR", f"transfer {self.numbered}"):
            self.transferred_in += minor

    def is_refunded(self, percent: int, to: str) -> None:
        """A part of the last payment by card that something is left of."""
        for payment in reversed(self.payments()):
            left = payment.amount_minor - payment.refunded_minor
            if left > 0 and payment.account_id == self.shop.cards_id:
                self.attempt(refund, payment.id, max(left * percent // 100, 1), to, reason="asked for")
                return

    def open_ones(self) -> list[Document]:
        return list(self.shop.all(Document, Document.kind == "invoice", Document.state.in_(("final", "partly_paid"))))


class Stage:
    """One application for all stories; each begins with the database as it is when the stage is made."""

    def __init__(self, shop: Shop, file: Path) -> None:
        db.engine.dispose()  # what still stood in the write-ahead log is in the file now
        self.shop, self.file, self.empty = shop, file, file.with_suffix(".empty")
        shutil.copy(file, self.empty)

    def begin(self, begins: Begins) -> Life:
        db.engine.dispose()
        for beside in ("-wal", "-shm"):
            self.file.with_name(self.file.name + beside).unlink(missing_ok=True)
        shutil.copy(self.empty, self.file)
        day, zone = date(2027, 1, begins.day), ZoneInfo(begins.zone)
        clock.move_business_clock(datetime.combine(day, time(12), tzinfo=zone).astimezone(UTC))
        life = Life(replace(self.shop, books={}, made=0), zone, day, begins=begins)
        life.shop.plugins.gateways["sandbox"] = life.cards
        life.open()
        return life
