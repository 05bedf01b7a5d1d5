"""A payment attempt has succeeded: book its money."""

from sqlalchemy import func, select

from billhead.actions.payments._part import book_part
from billhead.db import Tx
from billhead.domain.errors import AmountMismatch
from billhead.domain.money import Money
from billhead.models.payments import Payment, PaymentAttempt

__all__ = ["settle"]


def settle(
    tx: Tx, attempt: PaymentAttempt, total: Money, fee: Money | None = None, receipt_number: str = ""
) -> int | None:
    """So much has come in all for a locked attempt: payment, invoice (of a proforma), entries, allocations and the
    longer service for what is new of it. Returns the payment's id, or None where all of it is booked.

    Called when an attempt first reaches `succeeded`, and, where the payer decides how much comes, whenever more is
    told. Money that is booked under its receipt number already is only linked. Raises AmountMismatch when that number
    is another attempt's, or is told of another amount.
    """
    told = _told_before(tx, attempt, receipt_number) if receipt_number else None
    if told is not None:
        return told.id
    sums = select(func.coalesce(func.sum(Payment.amount_minor), 0), func.coalesce(func.max(Payment.part), 0))
    booked, parts = tx.session.execute(sums.where(Payment.attempt_id == attempt.id)).one()
    new = total - Money(int(booked), attempt.currency)
    if new.minor <= 0:
        return None
    part, reference = int(parts) + 1, receipt_number or attempt.provider_ref or attempt.key
    known_by = reference if part == 1 else f"{reference}#{part}"
    return book_part(tx, attempt, part, new, known_by, receipt_number, fee).id


def _told_before(tx: Tx, attempt: PaymentAttempt, receipt_number: str) -> Payment | None:
    """The payment that the same money is already: a deposit, told before the attempt's own message."""
    found = select(Payment).where(Payment.account_id == attempt.account_id, Payment.provider_ref == receipt_number)
    payment = tx.session.scalar(found.with_for_update())
    if payment is None:
        return None
    if payment.attempt_id is not None or payment.amount_minor != attempt.amount_minor:
        raise AmountMismatch(f"receipt {receipt_number} is payment {payment.id} already, which is not of {attempt.key}")
    payment.attempt_id = attempt.id
    return payment
