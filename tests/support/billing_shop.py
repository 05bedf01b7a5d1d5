"""A small shop in a migrated database, told in sentences: who pays what, since when. For tests of billing."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import select

from apps import without_web
from billhead.actions.billing.run import RunReport, run_billing
from billhead.actions.ledger.post import post
from billhead.db import db, reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import NotFound
from billhead.domain.ledger import AccountCode, credit, debit
from billhead.domain.money import Money
from billhead.models.catalogue import Plan, Price, PriceBook
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Document, DocumentLine
from billhead.models.ledger import LedgerAccount, LedgerEntry, LedgerPosting
from billhead.models.panels import Panel
from billhead.models.payments import GatewayAccount, PaymentMethod
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Service, Subscription, SubscriptionComponent
from billhead.plugin import LineTax
from billhead.plugin_host.contributing import apply_rules

SYSTEM = Context.system("test")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


class TwentyPercent:
    """20 % everywhere, nothing on Åland, and a fault for customers from nowhere."""

    code, label = "flat", "20 %"

    def assess(self, requests):
        answers = []
        for request in requests:
            if request.buyer.country == "XX":
                raise LookupError("no rate for XX")
            rate = 0 if request.buyer.region == "AX" else 200_000
            reason = "standard" if rate else "outside"
            answers.append([LineTax(request.buyer.country, reason, rate) for _ in request.lines])
        return answers


@dataclass
class Plugins:
    """In place of the plugin host: this tax engine, these checkers of tax ids, these rules, these observers."""

    rules: list = field(default_factory=list)
    watching: list[str] = field(default_factory=list)
    gateways: dict[str, object] = field(default_factory=dict)
    modules: dict[str, object] = field(default_factory=dict)
    engine: object = field(default_factory=TwentyPercent)
    checkers: list[tuple[str, object]] = field(default_factory=list)

    def tax_id_checkers(self):
        return self.checkers

    def gateway(self, code):
        if code not in self.gateways:
            raise NotFound("active payment gateway", code)
        return self.gateways[code]

    def module(self, code):
        if code not in self.modules:
            raise NotFound("active provisioning module", code)
        return self.modules[code]

    def tax_engine(self, code):
        return self.engine

    def invoice_rules(self):
        return self.rules

    def extra_lines(self, drafts):
        return apply_rules(self.rules, drafts)

    def observers(self):
        return self.watching

    def offers(self, hook):
        return []

    def guard(self, hook, **facts):
        return None

    def theme(self, code):
        raise NotFound("theme", code)

    theme_line = theme


@dataclass
class Shop:
    app: object
    plugins: Plugins
    seller_id: int
    panel_id: int
    cards_id: int
    books: dict[str, int] = field(default_factory=dict)
    made: int = 0

    def _add(self, tx, row):
        tx.session.add(row)
        tx.session.flush()
        return row.id

    def plan(self, code: str, minor: int, term: str = "1 month", currency: str = "EUR", **more) -> tuple[int, int]:
        """(plan, price)."""
        price = {name: more.pop(name) for name in ("setup_minor", "trial_term", "trial_minor") if name in more}
        inclusive = more.pop("tax_inclusive", False)
        with writing(SYSTEM) as tx:
            book = f"{currency}{inclusive}"
            if book not in self.books:
                row = PriceBook(seller_id=self.seller_id, code=book, currency=currency, tax_inclusive=inclusive)
                self.books[book] = self._add(tx, row)
            line = {"kind": "stream", "panel": "p1", "panel_plan": ""}
            about = {"kind": "stream", **more, "details": {"services": [line], **more.get("details", {})}}
            plan = self._add(tx, Plan(seller_id=self.seller_id, code=code, name=code, **about))
            row = Price(book_id=self.books[book], plan_id=plan, term=term, amount_minor=minor, **price)
            return plan, self._add(tx, row)

    def price(self, plan: int, book: int, term: str, minor: int, **more) -> int:
        with writing(SYSTEM) as tx:
            return self._add(tx, Price(book_id=book, plan_id=plan, term=term, amount_minor=minor, **more))

    def customer(self, *, country="FI", zone="UTC", currency="EUR", credit_minor=0, card=True, **more) -> int:
        self.made += 1
        with writing(SYSTEM) as tx:
            row = Customer(
                seller_id=self.seller_id,
                name=f"Customer {self.made}",
                email=f"c{self.made}@example.com",
                country=country,
                zone=zone,
                currency=currency,
                created_at=NOW,
                **more,
            )
            customer = self._add(tx, row)
            if card:
                method = {"token": "t", "label": "Card", "is_default": True, "created_at": NOW}
                self._add(tx, PaymentMethod(customer_id=customer, account_id=self.cards_id, **method))
        if credit_minor:
            self.grant(customer, credit_minor, currency)
        return customer

    def grant(self, customer: int, minor: int, currency: str = "EUR", kind: str = "bought", **more) -> int:
        amount = Money(minor, currency)
        account = AccountCode.CREDIT_BOUGHT if kind == "bought" else AccountCode.CREDIT_GIFTED
        with writing(SYSTEM) as tx:
            lot = {"kind": kind, "currency": currency, "amount_minor": minor, "remaining_minor": minor}
            lot_id = self._add(tx, CustomerCredit(customer_id=customer, created_at=NOW, **lot, **more))
            legs = [debit(AccountCode.SUSPENSE, amount), credit(account, amount)]
            post(tx, self.seller_id, "grant", NOW.date(), f"grant:{lot_id}", legs, customer_id=customer)
        return lot_id

    def subscribe(self, customer: int, *plans: tuple[int, int], due: date, anchor: date | None = None, **more) -> int:
        """Paid until `due`; the first plan is the base, the others are add-ons. `line=False` gives no service."""
        line = more.pop("line", True)
        with writing(SYSTEM) as tx:
            person = tx.session.get_one(Customer, customer)
            price = tx.session.get_one(Price, plans[0][1])
            values = {
                "seller_id": self.seller_id,
                "customer_id": customer,
                "plan_id": plans[0][0],
                "currency": person.currency,
                "state": "active",
                "term": price.term,
                "anchor": anchor or due,
                "started_on": anchor or due,
                "billed_through": due,
                "paid_through": due,
                "next_bill_on": due,
                "zone": person.zone,
                "created_at": NOW,
            }
            subscription = self._add(tx, Subscription(**{**values, **more}))
            for number, (plan, price_id) in enumerate(plans):
                part = {"plan_id": plan, "price_id": price_id, "kind": "addon" if number else "plan"}
                starts_on = anchor or date(2020, 1, 1)
                self._add(tx, SubscriptionComponent(subscription_id=subscription, starts_on=starts_on, **part))
            if line:
                about = {"kind": "stream", "handle": f"h{subscription}", "login": f"u{subscription}", "password": ""}
                self._add(tx, Service(subscription_id=subscription, panel_id=self.panel_id, **about))
        return subscription

    def run(self, as_of, **options) -> RunReport:
        return run_billing(as_of, **options)

    def change(self, model, key: int, **values) -> None:
        with writing(SYSTEM) as tx:
            row = tx.session.get_one(model, key)
            for name, value in values.items():
                setattr(row, name, value)

    def get(self, model, key: int):
        with reading() as session:
            return session.get_one(model, key)

    def all(self, model, *where) -> Sequence:
        with reading() as session:
            return session.scalars(select(model).where(*where).order_by(model.id)).all()

    def lines(self, subscription: int) -> list[tuple]:
        """(kind, period start, end, net, tax) of everything invoiced on a subscription."""
        with reading() as session:
            rows = session.execute(
                select(
                    DocumentLine.kind,
                    DocumentLine.period_start,
                    DocumentLine.period_end,
                    DocumentLine.net_minor,
                    DocumentLine.tax_minor,
                )
                .join(Document, Document.id == DocumentLine.document_id)
                .where(DocumentLine.subscription_id == subscription, Document.kind == "invoice")
                .order_by(DocumentLine.id)
            )
            return [tuple(row) for row in rows]

    def canonical(self) -> list[tuple]:
        """Everything that was billed and booked, without ids, numbers and record times, sorted."""
        with reading() as session:
            documents = session.execute(
                select(
                    Customer.name,
                    Document.kind,
                    Document.state,
                    Document.issued_on,
                    Document.total_minor,
                    Document.settled_minor,
                    DocumentLine.kind,
                    DocumentLine.period_start,
                    DocumentLine.period_end,
                    DocumentLine.net_minor,
                    DocumentLine.tax_minor,
                )
                .join(Document, Document.customer_id == Customer.id)
                .join(DocumentLine, DocumentLine.document_id == Document.id)
            ).all()
            postings = session.execute(
                select(
                    LedgerEntry.kind,
                    LedgerEntry.day,
                    LedgerAccount.code,
                    LedgerAccount.subject,
                    LedgerPosting.customer_id,
                    LedgerPosting.side,
                    LedgerPosting.amount_minor,
                )
                .join(LedgerPosting, LedgerPosting.entry_id == LedgerEntry.id)
                .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
            ).all()
            standing = session.execute(
                select(Subscription.id, Subscription.billed_through, Subscription.next_bill_on, Subscription.version)
            ).all()
        return sorted(map(str, [*documents, *postings, *standing]))


@contextmanager
def open_shop(url: str, home: Path, *, bare: bool = False, **seller) -> Iterator[Shop]:
    """`seller` overrides columns of the seller. Nothing is created in a `bare` shop, or when there is one already."""
    app = without_web(url, home, secret_key="k" * 32)
    app.extensions["billhead"].plugins = plugins = Plugins()
    with app.app_context():
        with writing(SYSTEM) as tx:
            found = tx.session.scalar(select(Seller.id))
            if found is None and not bare:
                about = {"code": "shop", "name": "Shop", "legal_name": "Shop Oy", "country": "FI", "currency": "EUR"}
                row = Seller(**about, tax_engine="flat", **seller)
                tx.session.add(row)
                tx.session.flush()
                found = row.id
                tx.session.add(Panel(seller_id=found, code="p1", name="Panel", module="sandbox"))
                account = {"code": "cards", "name": "Cards", "gateway": "sandbox", "callback_token": "x"}
                tx.session.add(GatewayAccount(seller_id=found, **account))
            tx.session.flush()
            panel, cards = tx.session.scalar(select(Panel.id)), tx.session.scalar(select(GatewayAccount.id))
        try:
            yield Shop(app, plugins, found or 0, panel or 0, cards or 0)
        finally:
            db.engine.dispose()
