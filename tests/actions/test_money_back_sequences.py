"""Whatever is paid, given back, charged back, voided and written off in whatever order: the money is somewhere."""

import shutil
from collections import Counter
from datetime import date

import pytest
from billing_shop import SYSTEM, open_shop
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from billhead.actions.documents.issue_credit_note import Correction, issue_credit_note
from billhead.actions.documents.void_document import void_document
from billhead.actions.documents.write_off import write_off
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.payments._book import Receipt, book
from billhead.actions.payments.charge_back import charge_back
from billhead.actions.payments.close_refund import close_refund
from billhead.actions.payments.decide_dispute import decide_dispute
from billhead.actions.payments.reallocate import reallocate
from billhead.actions.payments.refund import refund
from billhead.db import reading, writing
from billhead.domain.errors import Conflict, InvalidInput
from billhead.domain.money import Money
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Allocation, Document, DocumentLine
from billhead.models.ledger import LedgerAccount, LedgerPosting
from billhead.models.payments import Dispute, GatewayAccount, Payment, Refund
from billhead.plugin import GatewayCapabilities

DEC = date(2026, 12, 1)
ISSUED = ("final", "partly_paid", "paid")


class ByHand:
    def capabilities(self):
        return GatewayCapabilities(confirmed_by_staff=True)


@pytest.fixture(scope="module")
def shop(migrated_sqlite, tmp_path_factory):
    home = tmp_path_factory.mktemp("sequences")
    shutil.copy(migrated_sqlite, home / "billhead.sqlite3")
    with open_shop(f"sqlite:///{home / 'billhead.sqlite3'}", home) as shop:
        shop.sold = {}
        shop.plugins.gateways["sandbox"] = ByHand()
        yield shop


class Life:
    """One customer with some invoices, and everything that can happen to their money."""

    made = 0

    def __init__(self, shop, prices, gift):
        Life.made += 1
        self.shop, self.customer = shop, shop.customer(card=False)
        if gift:
            shop.grant(self.customer, gift, kind="gifted")
        for price in prices:
            if price not in shop.sold:
                shop.sold[price] = shop.plan(f"tv{price}", price)
            shop.subscribe(self.customer, shop.sold[price], due=DEC)
        shop.run(DEC)
        self.refs = 0

    def rows(self, model, *where):
        return self.shop.all(model, *where)

    def documents(self, kind="invoice"):
        return self.rows(Document, Document.customer_id == self.customer, Document.kind == kind)

    def payments(self):
        return self.rows(Payment, Payment.customer_id == self.customer)

    def act(self, verb, *args, **more):
        with writing(SYSTEM) as tx:
            verb(tx, *args, **more)

    def do(self, what, pick, part, choice):
        """`pick` chooses the row, `part` (0 to 1.2) how much of it, `choice` how."""
        getattr(self, what)(pick, part, choice)

    def _one(self, rows, pick):
        return rows[pick % len(rows)] if rows else None

    def pay(self, pick, part, choice):
        invoice = self._one(self.documents(), pick)
        self.refs += 1
        with writing(SYSTEM) as tx:
            account = tx.session.get_one(GatewayAccount, self.shop.cards_id)
            amount = Money(max(int(invoice.total_minor * part), 1), "EUR")
            receipt = Receipt(account, amount, f"{Life.made}-{self.refs}", fee=Money(choice, "EUR"))
            book(tx, tx.session.get_one(Document, invoice.id, with_for_update=True), receipt)

    def credit(self, pick, part, choice):
        invoice = self._one(self.documents(), pick)
        (line,) = self.rows(DocumentLine, DocumentLine.document_id == invoice.id)
        wish = [Correction(line.id, amount_minor=int(invoice.total_minor * part))] if part < 1 else []
        way = ("credit", "refund", "keep")[choice % 3]
        self.act(issue_credit_note, invoice.id, wish, reason="r", way=way)

    def refund(self, pick, part, choice):
        if payment := self._one(self.payments(), pick):
            to = ("source", "source", "credit")[choice % 3]
            self.act(refund, payment.id, int(payment.amount_minor * part), to, reason="r")

    def close(self, pick, part, choice):
        mine = [payment.id for payment in self.payments()]
        if row := self._one(self.rows(Refund, Refund.payment_id.in_(mine)), pick):
            self.act(close_refund, row.id, ("sent", "failed")[choice % 2], "ref")

    def dispute(self, pick, part, choice):
        if payment := self._one(self.payments(), pick):
            self.refs += 1
            minor = int(payment.amount_minor * min(part, 1))
            self.act(charge_back, payment.id, minor, f"d{self.refs}", fee_minor=choice)

    def decide(self, pick, part, choice):
        mine = [payment.id for payment in self.payments()]
        if row := self._one(self.rows(Dispute, Dispute.payment_id.in_(mine)), pick):
            self.act(decide_dispute, row.id, ("won", "lost")[choice % 2])

    def void(self, pick, part, choice):
        kind = ("invoice", "credit_note")[choice % 2]
        if document := self._one(self.documents(kind), pick):
            self.act(void_document, document.id, reason="r")

    def write_off(self, pick, part, choice):
        self.act(write_off, self._one(self.documents(), pick).id, reason="r")

    def move(self, pick, part, choice):
        invoice, other = self._one(self.documents(), pick), self._one(self.documents(), choice)
        to = None if other.id == invoice.id else other.id
        self.act(reallocate, invoice.id, int(invoice.total_minor * part), to)

    # -- what must hold

    def check(self):
        with reading() as session:
            owed = self._owed(session)
            assert self._account(session, "receivable", self.customer) == owed
            for kind in ("bought", "gifted"):
                lots = self._sum(session, CustomerCredit.remaining_minor, CustomerCredit.customer_id == self.customer,
                                 CustomerCredit.kind == kind)  # fmt: skip
                assert -self._account(session, f"credit_{kind}", self.customer) == lots
            self._check_cash(session)
            for payment in session.scalars(select(Payment).where(Payment.customer_id == self.customer)):
                self._check_payment(session, payment)

    def _sum(self, session, column, *where):
        return int(session.scalar(select(func.coalesce(func.sum(column), 0)).where(*where)))

    def _account(self, session, code, customer=None):
        query = (
            select(LedgerPosting.side, func.sum(LedgerPosting.amount_minor))
            .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
            .where(LedgerAccount.code == code)
            .group_by(LedgerPosting.side)
        )
        if customer is not None:
            query = query.where(LedgerPosting.customer_id == customer)
        sums = Counter(dict(session.execute(query).all()))
        return sums["D"] - sums["C"]

    def _owed(self, session):
        owed = 0
        for document in session.scalars(select(Document).where(Document.customer_id == self.customer)):
            assert 0 <= document.settled_minor <= document.total_minor
            if document.kind == "invoice":
                settled = self._sum(session, Allocation.amount_minor, Allocation.document_id == document.id)
                assert settled == document.settled_minor
            if document.state in ISSUED:
                left = document.total_minor - document.settled_minor
                owed += left if document.kind == "invoice" else -left
        return owed

    def _check_cash(self, session):
        refunds = Refund.state.in_(["created", "processing", "unknown"])
        assert -self._account(session, "refunds_payable") == self._sum(session, Refund.amount_minor, refunds)
        came = self._sum(session, Payment.amount_minor) - self._sum(session, Payment.fee_minor)
        went = self._sum(session, Refund.amount_minor, Refund.state == "succeeded")
        lost = self._sum(session, Dispute.amount_minor, Dispute.state != "won")
        fees = self._sum(session, Dispute.fee_minor)
        assert self._account(session, "clearing") == came - went - lost - fees

    def _check_payment(self, session, payment):
        """All of it is on documents, in credit, gone back or on its way, or taken away; and no more than that."""
        lots = select(CustomerCredit.id).where(CustomerCredit.payment_id == payment.id)
        paying = (Allocation.payment_id == payment.id) | Allocation.customer_credit_id.in_(lots)
        on_documents = self._sum(session, Allocation.amount_minor, paying)
        credit = self._sum(session, CustomerCredit.remaining_minor, CustomerCredit.payment_id == payment.id)
        lost = self._sum(session, Dispute.amount_minor, Dispute.payment_id == payment.id, Dispute.state != "won")
        open_refunds = self._sum(session, Refund.amount_minor, Refund.payment_id == payment.id,
                                 Refund.state.not_in(["failed", "reversed"]))  # fmt: skip
        assert payment.refunded_minor == open_refunds
        assert min(on_documents, credit, lost, payment.refunded_minor) >= 0
        assert on_documents + credit + lost + payment.refunded_minor == payment.amount_minor


STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["pay", "pay", "pay", "credit", "credit", "refund", "refund", "close", "dispute", "decide", "void",
             "write_off", "move"]
        ),
        st.integers(0, 5),
        st.sampled_from([0.01, 0.3, 0.5, 0.77, 1, 1.2]),
        st.integers(0, 5),
    ),
    min_size=4,
    max_size=12,
)  # fmt: skip


def run_life(shop, prices, gift, steps):
    life = Life(shop, prices, gift)
    life.check()
    for step in steps:
        try:
            life.do(*step)
        except (Conflict, InvalidInput):
            continue  # refused, and nothing of it was kept: what follows is checked all the same
        life.check()
    with reading() as session:
        assert verify_ledger(session).faults == []


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from([1000, 999, 333]), min_size=1, max_size=3), st.sampled_from([0, 500, 1300]), STEPS)
@example([1000], 0, [("pay", 0, 0.3, 0), ("pay", 0, 0.5, 0), ("refund", 0, 1, 0), ("close", 0, 1, 0)])
@example([1000], 500, [("pay", 0, 1, 1), ("credit", 0, 0.5, 0), ("refund", 0, 0.77, 0), ("credit", 0, 1, 1)])
@example([999, 333], 0, [("pay", 0, 1.2, 0), ("dispute", 0, 0.5, 5), ("write_off", 0, 1, 0), ("decide", 0, 1, 0)])
def test_the_money_is_somewhere(shop, prices, gift, steps):
    run_life(shop, prices, gift, steps)


@pytest.mark.full
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from([1000, 999, 333]), min_size=1, max_size=3), st.sampled_from([0, 500, 1300]), STEPS)
def test_the_money_is_somewhere_after_many_lives(shop, prices, gift, steps):
    run_life(shop, prices, gift, steps)
