"""A street of customers in far zones, and a shop that changes its prices, gives coupons and credit notes, and sells
bundles and seasons: each by the verb that a shop has for it, told to a `PriceLedger` of each customer at the same time.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from any_order_shop import DAY
from any_order_shop import REFUSED as BY_RULE
from coupon_shop import make
from day_ledger import Cycle
from long_story import Story
from price_ledger import Lasts, PriceLedger
from price_list import Coupon, PriceList, Version

from billhead import clock
from billhead.actions.billing.run import RunReport
from billhead.actions.catalogue.add_price import NewPrice, Tag, add_price
from billhead.actions.catalogue.reprice import RepriceWish, reprice
from billhead.actions.catalogue.withdraw_reprice import withdraw_reprice
from billhead.actions.coupons.redeem_coupon import redeem_coupon
from billhead.actions.documents.issue_credit_note import Correction, issue_credit_note
from billhead.actions.subscriptions.cancel import cancel
from billhead.actions.subscriptions.change import AddOnOrder, ChangeWish, change
from billhead.actions.subscriptions.hold import hold
from billhead.actions.subscriptions.keep import keep
from billhead.actions.subscriptions.resume import resume
from billhead.actions.subscriptions.start import Order, start_subscription
from billhead.domain.errors import NotFound
from billhead.models.catalogue import BundlePart, Plan
from billhead.models.documents import Document, DocumentLine
from billhead.models.payments import PaymentMethod
from billhead.models.subscriptions import Subscription, SubscriptionComponent
from billhead.plugin_host import vault

PRICES = {"basic": 996, "gold": 2988, "duo": 1793, "season": 1450, "intro": 501, "screen": 332, "sport": 449}
PLANS = ("basic", "gold", "duo", "season", "intro")
WEIGHTS = {"basic": 70, "sport": 37}  # what is in the bundle
COUPONS = {
    "QUARTER": Coupon("percent", 2, percent=25),
    "THIRD": Coupon("percent", None, percent=33, stackable=True),
    "ALL": Coupon("percent", 1, percent=100),
    "FIVE": Coupon("fixed", 2, amount=500, stackable=True),
    "NINETY": Coupon("fixed", 1, amount=9000),
    "GIFT": Coupon("balance", None, amount=3000, stackable=True),
}
REFUSED = (*BY_RULE, NotFound)  # a season that is over is not sold
ZONES = ("Pacific/Kiritimati", "Pacific/Pago_Pago", "America/New_York", "UTC")


@dataclass(frozen=True)
class BeginsPriced:
    """`ahead`: so many days before a period begins it is billed. `season`: so many days after the beginning it ends."""

    day: int = 1
    ahead: int = 0
    inclusive: bool = False
    season: int = 100
    zone: str = "UTC"  # of the shop


@dataclass
class Neighbour:
    customer: int
    subscription: int
    zone: str
    owes: PriceLedger

    @property
    def today(self) -> date:
        return clock.today_in(self.zone)


@dataclass
class Street(Story):
    begins: BeginsPriced = field(default_factory=BeginsPriced)
    neighbours: list[Neighbour] = field(default_factory=list)
    plans: dict[str, int] = field(default_factory=dict)
    reprices: list[tuple[int, list[Version]]] = field(default_factory=list)
    transferred_in: int = 0

    def open(self) -> None:
        shop, begins = self.shop, self.begins
        season = self.today + begins.season * DAY
        self.lasts = {"season": Lasts(until=season), "intro": Lasts(months=2, then="basic")}
        self.prices = PriceList({code: [Version(minor, date.min)] for code, minor in PRICES.items()})
        for code, minor in PRICES.items():
            kind = {"screen": "connection", "sport": "bouquet", "duo": "bundle"}.get(code, "stream")
            addon = {"details": {"plans": list(PLANS), "max_units": 5}} if code in ("screen", "sport") else {}
            lead = {"lead_days": {"": begins.ahead}} if begins.ahead else {}
            sold = shop.plan(code, minor, kind=kind, tax_inclusive=begins.inclusive, **addon, **lead)
            self.plans[code] = sold[0]
        shop.change(Plan, self.plans["season"], season_ends_on=season)
        shop.change(Plan, self.plans["intro"], fixed_term="2 months", then_plan_id=self.plans["basic"])
        for code, weight in WEIGHTS.items():
            bundled = BundlePart(bundle_id=self.plans["duo"], plan_id=self.plans[code], weight=weight)
            self.do(lambda tx, row: tx.session.add(row), bundled)
        for code, one in COUPONS.items():
            ppm, amount = one.percent * 10_000, {"amount_minor": one.amount, "currency": "EUR"} if one.amount else {}
            make(shop, code, one.kind, percent_ppm=ppm, cycles=one.cycles, stackable=one.stackable, **amount)

    # -- who comes

    def arrives(self, zone: str, plan: str, screens: int, coupon: str) -> None:
        customer = self.shop.customer(zone=zone, card=False)
        addons = (AddOnOrder("screen", screens),) if screens else ()
        order = Order(customer, plan, "1 month", addons, coupons=(coupon,) if coupon else ())
        try:
            started = self.do(start_subscription, order)
        except REFUSED:
            return
        if self.shop.get(Document, started.document_id).kind == "proforma":
            self.pays(started.document_id)
        token = vault().encrypt("card-4242")  # also who has paid nothing yet has a card
        card = {"token": token, "label": "Card", "is_default": True, "created_at": clock.now()}
        self.add(PaymentMethod(customer_id=customer, account_id=self.shop.cards_id, **card))
        begun = self.shop.get(Subscription, started.subscription_id)
        due = begun.next_bill_on or begun.billed_through
        ends = begun.billing_ends_on is not None and begun.billing_ends_on <= begun.billed_through
        self.shop.change(Subscription, begun.id, collection="auto", next_bill_on=None if ends else due)
        today = clock.today_in(zone)
        owes = PriceLedger(self.prices, self.lasts, today, self.begins.ahead)
        owes.begin(plan, {"screen": screens} if screens else {})
        owes.coupons += [_fresh(coupon)] if coupon else []
        one = Neighbour(customer, begun.id, zone, owes)
        owes.bill(today)
        self.neighbours.append(one)

    # -- time

    def waits(self, days: int) -> None:
        for _ in range(days):
            self.on(self.today + DAY)
            for one in self.neighbours:
                one.owes.bill(one.today)

    def _night(self) -> None:
        super()._night()
        for one in self.neighbours:  # it is another day there than at noon
            one.owes.bill(one.today)
            one.owes.night(one.today)

    def settle_down(self) -> RunReport:
        """What is due is billed in the hour."""
        report = self.shop.run(clock.business_now())
        self.work()
        for one in self.neighbours:
            one.owes.bill(one.today)
            state = self.state(one.subscription)
            assert state in ("active", "suspended", "canceled")
            one.owes.runs = state == "active"
        return report

    def attempt(self, verb: Any, *args: Any, **named: Any) -> Any:
        """None where it is refused: then nothing has changed, which the checks see."""
        try:
            return self.do(verb, *args, **named)
        except REFUSED:
            return None

    # -- prices

    def costs(self, what: str, minor: int, ahead: int | None) -> None:
        """From now on for new customers; for the others from so many days ahead on, or never."""
        book = self.shop.books[f"EUR{self.begins.inclusive}"]
        existing = None if ahead is None else clock.latest_today() + ahead * DAY
        wanted = NewPrice(book, self.plans[what], "1 month", Tag(minor), None, existing, None)
        if self.attempt(add_price, wanted):
            self._new_version(what, minor, existing)

    def _new_version(self, what: str, minor: int, existing: date | None) -> Version:
        one = Version(minor, clock.latest_today() - DAY, existing)
        self.prices.versions[what].append(one)
        return one

    def all_cost(self, percent: int, plans: tuple[str, ...], ahead: int | None) -> None:
        """By the action for many prices: up or down by so much, to what ends with .x9."""
        existing = None if ahead is None else clock.latest_today() + ahead * DAY
        wish = RepriceWish(self.shop.seller_id, existing, percent * 10_000, 0, 10, 1, plans=plans, tell_days=None)
        done = self.attempt(reprice, wish)
        if done is None:
            return
        made = []
        for what in plans or PRICES:
            before = [one for one in self.prices.versions[what] if not one.withdrawn][-1].minor
            tens = (before * (100 + percent) + 100 + 500) // 1000  # half up, to tens, of what is a cent more
            minor = max(tens * 10 - 1, 0)
            if before and minor != before:
                made.append(self._new_version(what, minor, existing))
        assert done.prices == len(made)
        if done.reprice_id is not None:
            self.reprices.append((done.reprice_id, made))

    def takes_prices_back(self) -> None:
        """New customers who have bought at them keep them."""
        if not self.reprices:
            return
        reprice_id, made = self.reprices[-1]
        if not self.attempt(withdraw_reprice, reprice_id):
            return
        self.reprices.pop()
        for what, versions in self.prices.versions.items():
            for number, one in enumerate(versions):
                if any(one is other for other in made):
                    bought = any(self._bought(found, what, number) for found in self.neighbours)
                    one.existing_from, one.withdrawn = None, not bought

    def _bought(self, found: Neighbour, what: str, number: int) -> bool:
        return any((part.what, part.version) == (what, number) for part in found.owes.parts)

    # -- what one of them does

    def changes(self, one: Neighbour, plan: str, screens: int, sport: int) -> None:
        had = {"screen": screens, "sport": sport}
        addons = {what: number for what, number in had.items() if number}
        orders = tuple(AddOnOrder(what, number) for what, number in addons.items())
        wish = ChangeWish(one.subscription, plan=plan, addons=orders, when="immediate")
        if self.attempt(change, wish):
            one.owes.changes(one.today, plan, addons)

    def now(self, one: Neighbour) -> tuple[str, int, int]:
        had = one.owes.now(one.today)
        number = {what: part.number for what, part in had.items()}
        plan = next((what for what in had if what in PLANS), "basic")
        return plan, number.get("screen", 0), number.get("sport", 0)

    def is_given(self, one: Neighbour, code: str) -> None:
        if self.attempt(redeem_coupon, one.subscription, code):
            one.owes.coupons.append(_fresh(code))

    def holds(self, one: Neighbour) -> None:
        if self.attempt(hold, one.subscription):
            one.owes.stands_still(one.today)

    def resumes(self, one: Neighbour) -> None:
        if self.attempt(resume, one.subscription):
            one.owes.goes_on(one.today)

    def cancels(self, one: Neighbour, ahead: int) -> None:
        day = one.today + ahead * DAY
        if self.attempt(cancel, one.subscription, "on_date", on=day, money="credit"):
            one.owes.leaves_on(day, one.today)

    def keeps(self, one: Neighbour) -> None:
        if self.attempt(keep, one.subscription):
            one.owes.stays()

    # -- what staff give back

    def credits(self, one: Neighbour, back: int, percent: int) -> None:
        """A part of the dearest line of one of the last invoices, or, of 100 %, all that is left of it."""
        mine = Document.customer_id == one.customer, Document.kind == "invoice", Document.number.is_not(None)
        invoices = self.shop.all(Document, *mine)
        invoice = invoices[-1 - back % len(invoices)]
        lines = self.shop.all(DocumentLine, DocumentLine.document_id == invoice.id)
        corrections = []
        if percent < 100:
            dearest = max(lines, key=lambda line: line.net_minor)
            minor = (dearest.net_minor + dearest.tax_minor) * percent // 100
            corrections = [Correction(dearest.id, amount_minor=max(minor, 1))]
        note = self.attempt(issue_credit_note, invoice.id, corrections, reason="as agreed")
        if note is None:
            return
        assert percent == 100 or note.total_minor == corrections[0].amount_minor
        for line in self.shop.all(DocumentLine, DocumentLine.document_id == note.credit_note_id):
            key, cycle = self._whose(one, line)
            minor = line.net_minor + (line.tax_minor if invoice.tax_inclusive else 0)
            one.owes.by_staff[key, cycle] = one.owes.by_staff.get((key, cycle), 0) + minor

    def _whose(self, one: Neighbour, line: DocumentLine) -> tuple[tuple[str, int, date], Cycle]:
        part = self.shop.get(SubscriptionComponent, line.component_id)
        what = next(code for code, plan_id in self.plans.items() if plan_id == part.plan_id)
        assert line.period_start is not None
        return (what, part.quantity, part.starts_on), one.owes.calendar.cycle(line.period_start)

    def open_ones(self) -> list[Document]:
        return list(self.shop.all(Document, Document.kind == "invoice", Document.state.in_(("final", "partly_paid"))))


def _fresh(code: str) -> Coupon:
    one = COUPONS[code]
    return Coupon(one.kind, one.cycles, one.percent, one.amount, one.stackable)
