"""What stands against erasing a customer now, and what would be deleted and what stays, in figures."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from billhead.actions.credits._lending import lent_to
from billhead.actions.privacy._belongings import BELONGINGS
from billhead.actions.privacy._rows import count_of
from billhead.domain.document import Kind, State
from billhead.domain.money import Money
from billhead.domain.payment import BLOCKS_ANOTHER, RefundState
from billhead.domain.privacy import PrivacyRules, rules_from
from billhead.domain.subscription import State as Life
from billhead.domain.support import DisputeState
from billhead.models.credits import CustomerCredit, LentCredit
from billhead.models.documents import Document
from billhead.models.payments import Dispute, Payment, PaymentAttempt, PaymentMethod, Refund
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription
from billhead.models.support import BillDispute
from billhead.wording import marked

__all__ = ["BLOCKERS", "LEAVES", "Blocker", "Outlook", "blockers", "outlook", "privacy_rules"]

BLOCKERS = {
    "owes": marked("Invoices are still to be paid"),
    "draft": marked("An invoice is being prepared"),
    "dispute": marked("A dispute about a bill or a payment is open"),
    "payment": marked("A payment or refund is under way"),
    "credit": marked("There is credit that was paid for: spend it, or ask for it to be paid out"),
    "lent": marked("Credit was there before its payment, which has not come yet"),
    "lines": marked("Subscriptions still run: cancel them, or have them ended with your data"),
    "leaves": marked(
        "Ending your subscriptions leaves money to settle: cancel them first, then pay it or have it paid out"
    ),
    "reseller": marked("The account buys for a reseller: it has to leave as one first"),
}
"""By code, as customers and staff read it."""

LEAVES = ("owes", "draft", "credit")
"""What ending the subscriptions may bring about, and only the customer settles."""


@dataclass(frozen=True, slots=True)
class Blocker:
    """`count` of what; `money`: how much, with its currency, where it is about money."""

    code: str
    count: int
    money: str = ""


@dataclass(frozen=True, slots=True)
class Outlook:
    """`deleted` and `changed`: rows by group of an export; `documents` stay with the buyer's name until `kept_until`,
    the first day on which the newest need not be kept any more."""

    blockers: list[Blocker]
    deleted: dict[str, int]
    documents: int
    kept_until: date | None
    payment_methods: int

    def stored(self) -> dict[str, object]:
        return {**asdict(self), "kept_until": self.kept_until.isoformat() if self.kept_until else None}


def privacy_rules(session: Session, seller_id: int) -> PrivacyRules:
    return rules_from(session.scalar(select(Seller.privacy).where(Seller.id == seller_id)) or {})


def blockers(session: Session, customer_id: int, *, ends_lines: bool = False) -> list[Blocker]:
    """`ends_lines`: what runs is ended when it is due, and so stands against nothing."""
    return [one for one in _all(session, customer_id) if not (ends_lines and one.code == "lines")]


def outlook(session: Session, customer: Customer) -> Outlook:
    groups: dict[str, int] = {}
    for name, mine in BELONGINGS.items():
        if mine.group not in ("", "documents") and (mine.deleted or mine.empties or mine.becomes):
            groups[mine.group] = groups.get(mine.group, 0) + count_of(session, name, customer.id)
    booked = Document.customer_id == customer.id, Document.number.is_not(None)
    count, newest = session.execute(select(func.count(), func.max(Document.issued_on)).where(*booked)).one()
    live = PaymentMethod.customer_id == customer.id, PaymentMethod.token != ""
    return Outlook(
        blockers(session, customer.id),
        {name: amount for name, amount in sorted(groups.items()) if amount},
        count,
        _kept_until(session.get_one(Seller, customer.seller_id), newest) if newest else None,
        int(session.scalar(select(func.count()).select_from(PaymentMethod).where(*live)) or 0),
    )


def _kept_until(seller: Seller, newest: date) -> date:
    """So many years after the end of the fiscal year of the newest one."""
    month = seller.fiscal_year_start_month
    ends = newest.year + (1 if newest.month >= month else 0)
    return date(ends + rules_from(seller.privacy).document_years, month, 1)


def _on_its_way() -> ColumnElement[bool]:
    """Also what a person sends, or the gateway has not heard of."""
    undecided = (RefundState.CREATED.value, RefundState.PROCESSING.value, RefundState.UNKNOWN.value)
    return or_(Refund.state.in_(undecided), Refund.next_look_at.is_not(None))


def _all(session: Session, customer_id: int) -> Iterator[Blocker]:
    owed = func.sum(Document.total_minor - Document.settled_minor)
    invoices = Document.customer_id == customer_id, Document.kind == Kind.INVOICE.value
    open_ones = select(Document.currency, func.count(), owed).where(
        Document.customer_id == customer_id, Document.owed(), Document.total_minor > Document.settled_minor
    )
    for currency, count, minor in session.execute(open_ones.group_by(Document.currency)):
        yield Blocker("owes", count, str(Money(int(minor), currency)))
    drafts = select(func.count()).where(*invoices, Document.state == State.DRAFT.value)
    of_bill = select(func.count()).where(BillDispute.customer_id == customer_id, BillDispute.state == DisputeState.OPEN)
    at_gateway = (
        select(func.count())
        .select_from(Dispute)
        .join(Payment, Payment.id == Dispute.payment_id)
        .where(Payment.customer_id == customer_id, Dispute.state == "open")
    )
    trying = select(func.count()).where(
        PaymentAttempt.customer_id == customer_id, PaymentAttempt.state.in_([one.value for one in BLOCKS_ANOTHER])
    )
    going_back = (
        select(func.count())
        .select_from(Refund)
        .join(Payment, Payment.id == Refund.payment_id)
        .where(Payment.customer_id == customer_id, _on_its_way())
    )
    running = select(func.count()).where(
        Subscription.customer_id == customer_id, Subscription.state != Life.CANCELED.value
    )
    buys = select(func.count()).where(Customer.id == customer_id, Customer.buys_for_reseller_id.is_not(None))
    for code, *questions in (
        ("draft", drafts),
        ("dispute", of_bill, at_gateway),
        ("payment", trying, going_back),
        ("lines", running),
        ("reseller", buys),
    ):
        count = sum(int(session.scalar(one) or 0) for one in questions)
        if count:
            yield Blocker(code, count)
    for one in lent_to(session, customer_id):
        yield Blocker("lent", 1, str(Money(one.minor, one.currency)))
    lent = select(LentCredit.lot_id).where(LentCredit.customer_id == customer_id, LentCredit.state == "open")
    credit = select(CustomerCredit.currency, func.count(), func.sum(CustomerCredit.remaining_minor)).where(
        CustomerCredit.customer_id == customer_id,
        CustomerCredit.kind == "bought",
        CustomerCredit.remaining_minor > 0,
        CustomerCredit.id.not_in(lent),
    )
    for currency, count, minor in session.execute(credit.group_by(CustomerCredit.currency)):
        yield Blocker("credit", count, str(Money(int(minor), currency)))
