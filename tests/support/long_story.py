"""Many months of one customer's life, told through what people do. The jobs of each day are done as in a real shop.

`story.on(date)` lets the days pass up to this one: each night at one o'clock where the customer lives it is billed,
charged, dunned and moved on; then it is noon there. `in_order` holds everything that was written against everything
else.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from billing_shop import SYSTEM, Shop, open_shop
from sqlalchemy import func, or_, select

from billhead import clock
from billhead.actions.billing.recognise import recognise
from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.ledger.seal import seal
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.payments.resolve import resolve
from billhead.actions.payments.start_checkout import start_checkout
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.money import Money
from billhead.domain.payment import AttemptState, DeclineClass
from billhead.domain.subscription import RUNNING
from billhead.jobs.kinds import KINDS
from billhead.jobs.queue import finish, take
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Document, DocumentLine
from billhead.models.ledger import LedgerAccount, LedgerPosting
from billhead.models.operations import Job, Notice
from billhead.models.payments import GatewayAccount, Payment
from billhead.models.subscriptions import Subscription, SubscriptionChange
from billhead.models.usage import UsageMeter
from billhead.plugin import GatewayCapabilities, Outcome, PaymentGateway, Redirect, SavedMethod
from billhead.reports import ask, report_of, tabled

_NIGHTLY = ("subscriptions.begin_scheduled", "dunning.run", "documents.look_after")
_OPEN = ("final", "partly_paid")
_QUEUED = ("payments.collect", "payments.refund")


@dataclass(frozen=True)
class NoSettings:
    """This processor asks for nothing."""


@dataclass
class Cards(PaymentGateway):
    """A card processor that keeps what it moved, by our key. `empty`: the card has no money."""

    code, label, settings_type = "sandbox", "Cards", NoSettings
    empty: bool = False
    moved: dict[str, Money] = field(default_factory=dict)
    keeps: set[str] = field(default_factory=set)

    def capabilities(self) -> GatewayCapabilities:
        return GatewayCapabilities(save=True, off_session=True, refund=True, partial_refund=True)

    def start_checkout(self, account: Any, attempt: Any) -> Redirect:
        if attempt.save_method:
            self.keeps.add(attempt.key)
        return Redirect("https://cards.example/pay", f"page-{attempt.key}")

    def lookup(self, account: Any, attempt: Any) -> Outcome:
        """The payer has just paid on the page."""
        return self._paid(attempt, SavedMethod("card-4242", "Card 4242") if attempt.key in self.keeps else None)

    def charge_saved(self, account: Any, attempt: Any, method: SavedMethod) -> Outcome:
        if self.empty:
            return Outcome(AttemptState.FAILED, decline=DeclineClass.SOFT, code="insufficient_funds")
        return self._paid(attempt, None)

    def refund(self, account: Any, refund: Any) -> Outcome:
        self.moved[refund.key] = -refund.amount
        return Outcome(AttemptState.SUCCEEDED, f"refund-{refund.key}", refund.amount)

    def parse_callback(self, account: Any, raw: Any) -> list[Any]:
        return []

    def _paid(self, attempt: Any, saved: SavedMethod | None) -> Outcome:
        self.moved[attempt.key] = attempt.amount
        return Outcome(AttemptState.SUCCEEDED, f"charge-{attempt.key}", attempt.amount, method=saved)

    def total(self) -> int:
        return sum(amount.minor for amount in self.moved.values())


class ByHand:
    """Transfers, which staff book."""

    settings_type = NoSettings

    def capabilities(self) -> GatewayCapabilities:
        return GatewayCapabilities(confirmed_by_staff=True)


@dataclass
class Story:
    shop: Shop
    zone: ZoneInfo
    today: date
    cards: Cards = field(default_factory=Cards)

    # -- time

    def on(self, day: date) -> None:
        while self.today < day:
            self.today += timedelta(days=1)
            self._at(1)
            if self.today.day in (1, 15) or self._something_is_due():
                self._night()
        self._at(12)

    def _something_is_due(self) -> bool:
        """The nights on which nothing can happen are left out: a year of them would take a while."""
        soon, one = self.today + timedelta(days=1), Subscription
        due = or_(one.next_bill_on <= soon, one.service_ends_on <= soon, UsageMeter.due_on <= soon)
        running = select(one.id).outerjoin(UsageMeter, UsageMeter.subscription_id == one.id)
        with reading() as session:
            return bool(
                session.scalar(running.where(one.state.in_(RUNNING), due).limit(1))
                or session.scalar(select(Document.id).where(Document.state.in_((*_OPEN, "open"))).limit(1))
                or session.scalar(select(SubscriptionChange.id).where(SubscriptionChange.state == "scheduled").limit(1))
            )

    def _at(self, hour: int) -> None:
        clock.move_business_clock(datetime.combine(self.today, time(hour), tzinfo=self.zone).astimezone(UTC))

    def _night(self) -> None:
        self.shop.run(clock.business_now())
        self.work()
        for kind in _NIGHTLY:
            KINDS[kind].run(SYSTEM, {})
        self.work()

    def work(self) -> None:
        """Charge and refund what is queued and due."""
        due = Job.kind.in_(_QUEUED), Job.state == "queued", Job.due_at <= clock.business_now()
        for job in self.shop.all(Job, *due):
            leased = take(job.id)
            assert leased is not None
            KINDS[leased.kind].run(SYSTEM, leased.args)
            finish(leased, None)

    # -- what people do

    def bank(self) -> int:
        """An account on which staff see transfers arrive."""
        self.shop.plugins.gateways["bank"] = ByHand()
        about = {"code": "bank", "name": "Bank", "gateway": "bank", "callback_token": "y"}
        return self.add(GatewayAccount(seller_id=self.shop.seller_id, **about))

    def add(self, row: Any) -> int:
        with writing(SYSTEM) as tx:
            tx.session.add(row)
            tx.session.flush()
            return int(row.id)

    def do(self, verb: Any, *args: Any, **named: Any) -> Any:
        return self.do_as(SYSTEM, verb, *args, **named)

    def do_as(self, ctx: Context, verb: Any, *args: Any, **named: Any) -> Any:
        with writing(ctx) as tx:
            done = verb(tx, *args, **named)
        self.work()
        return done

    def pays(self, document_id: int, *, save: bool = False) -> None:
        """On the processor's page."""
        page = start_checkout(SYSTEM, document_id, self.shop.cards_id, "https://tv.example/back", save_method=save)
        assert resolve(SYSTEM, page.attempt_id) == "succeeded"

    # -- what came of it

    def state(self, subscription: int) -> str:
        return self.shop.get(Subscription, subscription).state

    def get(self, document: Document) -> Document:
        """As it stands now."""
        return self.shop.get(Document, document.id)

    def newest(self) -> Document:
        return self.shop.all(Document)[-1]

    def written(self) -> list[tuple[Any, ...]]:
        """(kind, day, net, tax, state) of each document that bears a number, in their order."""
        return [
            (one.kind, one.issued_on.isoformat(), one.net_minor, one.tax_minor, one.state)
            for one in self.shop.all(Document, Document.number.is_not(None))
        ]

    def lines(self, document: Document) -> list[tuple[Any, ...]]:
        """(kind, from, until, net, tax) of each line."""
        rows = self.shop.all(DocumentLine, DocumentLine.document_id == document.id)
        return [(one.kind, _day(one.period_start), _day(one.period_end), one.net_minor, one.tax_minor) for one in rows]

    def credit(self) -> int:
        return sum(lot.remaining_minor for lot in self.shop.all(CustomerCredit))

    def told(self) -> list[str]:
        return [notice.kind for notice in self.shop.all(Notice)]

    def payments(self) -> list[Payment]:
        return list(self.shop.all(Payment))

    def balances(self) -> dict[str, int]:
        """What each account of the ledger holds, debits above zero."""
        sums: dict[str, int] = defaultdict(int)
        with reading() as session:
            rows = session.execute(
                select(LedgerAccount.code, LedgerPosting.side, func.sum(LedgerPosting.amount_minor))
                .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
                .group_by(LedgerAccount.code, LedgerPosting.side)
            )
            for code, side, minor in rows:
                sums[code] += int(minor) if side == "D" else -int(minor)
        return {code: minor for code, minor in sorted(sums.items()) if minor}

    def in_order(self) -> None:
        """Ledger sealed and sound; every bill recomputed from nothing; each report is what the ledger says."""
        recognise(SYSTEM, clock.business_now())
        seal(SYSTEM)
        with reading() as session:
            ledger = verify_ledger(session)
        assert ledger.faults == []
        assert ledger.sealed == ledger.entries > 0
        assert verify_billing().faults == []
        for code in ("tax", "receivables", "deferred-revenue"):
            with reading() as session:
                found = report_of(code)
                table = tabled(session, found, ask(session, found.report, self._all_days(found), self.today))
            assert [tie for tie in table.ties if tie.difference] == [], code
        assert self._owed() == self.balances().get("receivable", 0)
        assert self.shop.run(clock.business_now()).considered == 0

    def _all_days(self, found: Any) -> dict[str, str]:
        names = {parameter.code for parameter in found.report.parameters}
        return {"from": "2020-01-01"} if "from" in names else {}

    def _owed(self) -> int:
        open_ones = Document.kind == "invoice", Document.state.in_(_OPEN)
        return sum(one.total_minor - one.settled_minor for one in self.shop.all(Document, *open_ones))


def _day(value: date | None) -> str:
    return "" if value is None else value.isoformat()


@contextmanager
def tell_story(url: str, home: Any, zone: str, begins: date, **seller: Any) -> Iterator[Story]:
    """It is noon of this day where the customer lives."""
    there = ZoneInfo(zone)
    noon = datetime.combine(begins, time(12), tzinfo=there).astimezone(UTC)
    with clock.business_time(noon), open_shop(url, home, **seller) as shop:
        story = Story(shop, there, begins)
        shop.plugins.gateways["sandbox"] = story.cards
        yield story
