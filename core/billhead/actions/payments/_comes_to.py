"""What booking money comes to: which documents it pays in which order, and what the customer's credit has grown by.

Read in the transaction that books it, which a preview rolls back: so it holds values and no rows.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import func, or_, select

from billhead.actions.credits._usable import usable_credit
from billhead.db import Tx
from billhead.domain.errors import NotFound
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Allocation, Document
from billhead.models.people import Customer

__all__ = ["ComesTo", "PaidPart", "comes_to"]


@dataclass(frozen=True, slots=True)
class PaidPart:
    """An invoice by its number, or the order that became one by its id; what of it was paid, and what stays owed."""

    number_text: str
    order_id: int | None
    minor: int
    open_minor: int


@dataclass(frozen=True, slots=True)
class ComesTo:
    """`credit_minor` is below zero where credit pays what the money left of an order."""

    payment_id: int
    paid: tuple[PaidPart, ...]
    credit_minor: int


def comes_to(tx: Tx, customer_id: int, currency: str, book: Callable[[], int]) -> ComesTo:
    """Book by `book`, which returns the id of the payment. Raises NotFound for the customer, and what `book` does."""
    customer = tx.session.get(Customer, customer_id)
    if customer is None:
        raise NotFound("customer", customer_id)
    had = usable_credit(tx.session, customer, currency).minor
    payment_id = book()
    tx.session.flush()
    return ComesTo(payment_id, _paid(tx, payment_id), usable_credit(tx.session, customer, currency).minor - had)


def _paid(tx: Tx, payment_id: int) -> tuple[PaidPart, ...]:
    """By the money itself, and by what of it was credit for a moment."""
    lots = select(CustomerCredit.id).where(CustomerCredit.payment_id == payment_id)
    rows = tx.session.execute(
        select(Document, func.sum(Allocation.amount_minor))
        .join(Document, Document.id == Allocation.document_id)
        .where(or_(Allocation.payment_id == payment_id, Allocation.customer_credit_id.in_(lots)))
        .group_by(Document.id)
        .order_by(func.min(Allocation.id))
    ).all()
    return tuple(
        PaidPart(one.number_text, one.proforma_id, int(minor), one.total_minor - one.settled_minor)
        for one, minor in rows
    )
