"""Whose money it may be: what a person decides by, never the machine."""

from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billhead.actions.payments._named import documents_in
from billhead.domain.document import Kind, ProformaState
from billhead.models.banking import BankEntry
from billhead.models.documents import Document
from billhead.models.payments import GatewayAccount, Payment, PaymentAttempt, UnassignedMoney
from billhead.models.people import Customer
from billhead.wording import marked

__all__ = ["Suggestion", "suggestions_for"]

_MOST = 6


class Suggestion(NamedTuple):
    """`document` is None where only the customer is known."""

    customer: Customer
    document: Document | None
    why: str


def suggestions_for(session: Session, money: UnassignedMoney) -> list[Suggestion]:
    """What the payer wrote, then who paid from that account before, then who was asked for just this amount."""
    entry = session.scalar(select(BankEntry).where(BankEntry.unassigned_money_id == money.id).limit(1))
    account = session.get_one(GatewayAccount, money.account_id)
    found: dict[tuple[int, int | None], Suggestion] = {}

    def suggest(customer_id: int, document: Document | None, why: str) -> None:
        customer = session.get_one(Customer, customer_id)
        nothing_new = document is None and any(known == customer_id for known, _ in found)
        if customer.currency == money.currency and len(found) < _MOST and not nothing_new:
            found.setdefault((customer_id, document.id if document else None), Suggestion(customer, document, why))

    if entry is not None:
        for document in documents_in(session, account.seller_id, [entry.said, entry.end_to_end_id]):
            suggest(document.customer_id, document, marked("named in the transfer"))
        for customer_id in _paid_from(session, entry) if entry.payer_iban else ():
            same = _open(session, account.seller_id, money, customer_id)
            suggest(customer_id, same[0] if same else None, marked("has paid from this account before"))
    for document in _open(session, account.seller_id, money):
        suggest(document.customer_id, document, marked("owes just this amount"))
    return list(found.values())


def _paid_from(session: Session, entry: BankEntry) -> list[int]:
    """Customers whom money from the same account was put on, the latest first."""
    paid = func.coalesce(BankEntry.payment_id, UnassignedMoney.payment_id)
    query = (
        select(Payment.customer_id)
        .select_from(BankEntry)
        .outerjoin(UnassignedMoney, UnassignedMoney.id == BankEntry.unassigned_money_id)
        .join(Payment, Payment.id == paid)
        .where(BankEntry.account_id == entry.account_id, BankEntry.payer_iban == entry.payer_iban)
        .group_by(Payment.customer_id)
        .order_by(func.max(Payment.id).desc())
    )
    return list(session.scalars(query.limit(_MOST)))


def _open(session: Session, seller_id: int, money: UnassignedMoney, customer_id: int | None = None) -> list[Document]:
    """Invoices of which just this amount is open, and orders that were to be paid through the account."""
    invoice = Document.owed()
    asked = select(PaymentAttempt.document_id).where(PaymentAttempt.account_id == money.account_id)
    order = (Document.kind == Kind.PROFORMA.value) & (Document.state == ProformaState.OPEN.value)
    query = select(Document).where(
        Document.seller_id == seller_id,
        Document.currency == money.currency,
        Document.total_minor - Document.settled_minor == money.amount_minor,
        invoice | (order & Document.id.in_(asked)),
    )
    if customer_id is not None:
        query = query.where(Document.customer_id == customer_id)
    return list(session.scalars(query.order_by(Document.due_on, Document.id).limit(_MOST)))
