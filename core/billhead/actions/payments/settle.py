"""A payment attempt has succeeded: book its money."""

from sqlalchemy import func, select

from billhead.actions.payments._attempts import documents_of
from billhead.actions.payments._book import Receipt, book
from billhead.actions.payments._order_gone import refund_if_gone
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.money import Money
from billhead.models.payments import GatewayAccount, Payment, PaymentAttempt

__all__ = ["settle", "settle_more"]


def settle(tx: Tx, attempt: PaymentAttempt, amount: Money, fee: Money | None, part: int = 1) -> int:
    """Payment, invoice (of a proforma), entries, allocations and the longer service; returns the payment's id.

    Called once per attempt, when it first reaches `succeeded`, and once for each part that comes later; the unique
    attempt id and part of a payment are the last guard.
    """
    documents = documents_of(tx, attempt)
    reference = attempt.provider_ref or attempt.key
    receipt = Receipt(
        account=tx.session.get_one(GatewayAccount, attempt.account_id),
        amount=amount,
        provider_ref=reference if part == 1 else f"{reference}#{part}",
        attempt_id=attempt.id,
        part=part,
        fee=fee,
    )
    payment = book(tx, documents, receipt)
    refund_if_gone(tx, payment, documents)
    audit(
        tx, "payments.settle", f"payment:{payment.id}", {"attempt_id": attempt.id, "document_id": attempt.document_id}
    )
    return payment.id


def settle_more(tx: Tx, attempt: PaymentAttempt, total: Money) -> int | None:
    """So much has come in all for a locked attempt that had succeeded: what is new of it is booked.

    Returns the payment's id, or None where all of it is booked already.
    """
    sums = select(func.coalesce(func.sum(Payment.amount_minor), 0), func.count()).where(
        Payment.attempt_id == attempt.id
    )
    booked, parts = tx.session.execute(sums).one()
    new = total - Money(int(booked), attempt.currency)
    if new.minor <= 0:
        return None
    return settle(tx, attempt, new, None, int(parts) + 1)
