"""A shop and two customers of whom one orders: what every story of any order begins with, and what becomes of money."""

import shutil
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from billing_shop import Shop
from coupon_shop import make
from long_story import Story
from metered_shop import meter, metric

from billhead import clock
from billhead.actions.billing.run import RunReport
from billhead.actions.payments.book_receipt import book_receipt
from billhead.actions.payments.refund import refund
from billhead.actions.subscriptions.start import Order, start_subscription
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
REFUSED = (Conflict, InvalidInput, IllegalTransition)


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
class Begun(Story):
    """Two customers; the first one orders, the second one may get it. All live in one zone."""

    begins: Begins = field(default_factory=Begins)
    who: list[int] = field(default_factory=list)
    subscription: int = 0
    transferred_in: int = 0
    numbered: int = 0

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

    def settle_down(self) -> RunReport:
        """What is due is billed in the hour."""
        report = self.shop.run(clock.business_now())
        self.work()
        return report

    def row(self) -> Subscription:
        return self.shop.get(Subscription, self.subscription)

    def attempt(self, verb: Any, *args: Any, **named: Any) -> bool:
        """False where it is refused: then nothing has changed, which the checks see."""
        try:
            self.do(verb, *args, **named)
        except REFUSED:
            return False
        return True

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
    """One application for all stories of a kind; each begins with the database as it is when the stage is made."""

    def __init__(self, shop: Shop, file: Path, story: type[Begun]) -> None:
        db.engine.dispose()  # what still stood in the write-ahead log is in the file now
        self.shop, self.file, self.empty, self.story = shop, file, file.with_suffix(".empty"), story
        shutil.copy(file, self.empty)

    def begin(self, begins: Begins) -> Any:
        db.engine.dispose()
        for beside in ("-wal", "-shm"):
            self.file.with_name(self.file.name + beside).unlink(missing_ok=True)
        shutil.copy(self.empty, self.file)
        day, zone = date(2027, 1, begins.day), ZoneInfo(begins.zone)
        clock.move_business_clock(datetime.combine(day, time(12), tzinfo=zone).astimezone(UTC))
        told = self.story(replace(self.shop, books={}, made=0), zone, day, begins=begins)
        told.shop.plugins.gateways["sandbox"] = told.cards
        told.open()
        return told
