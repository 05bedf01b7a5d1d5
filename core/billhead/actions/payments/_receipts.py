"""The provider's number of the money, told after the money: a look-up may know that it came, and not its number."""

from sqlalchemy import select

from billhead.actions.payments._part import book_part
from billhead.db import Tx
from billhead.domain.errors import AmountMismatch
from billhead.domain.money import Money
from billhead.models.payments import Payment, PaymentAttempt

__all__ = ["name_receipt"]


def name_receipt(tx: Tx, attempt: PaymentAttempt, receipt_number: str) -> bool:
    """Put the number on the attempt's payment, if that has none yet; True if it is a payment's now, or was already.

    Where the payment has another number (a deposit by hand was taken for the answer), the money of this number is a
    further payment: linked if its deposit is booked, booked now if not. Raises AmountMismatch when the number is
    another attempt's, or of another amount.
    """
    mine = select(Payment).where(Payment.attempt_id == attempt.id).order_by(Payment.part)
    payments = tx.session.scalars(mine.with_for_update()).all()
    if not payments or any(one.provider_ref == receipt_number for one in payments):
        return bool(payments)
    same = select(Payment).where(Payment.account_id == attempt.account_id, Payment.provider_ref == receipt_number)
    taken = tx.session.scalar(same.with_for_update())
    unnumbered = payments[0].provider_ref in (attempt.provider_ref, attempt.key)
    asked = Money(attempt.amount_minor, attempt.currency)
    if taken is not None:
        told = Money(taken.amount_minor, taken.currency)
        if unnumbered or taken.attempt_id is not None or told != asked:
            raise AmountMismatch(f"receipt {receipt_number} is payment {taken.id} already, not of {attempt.key}")
        taken.attempt_id, taken.part = attempt.id, payments[-1].part + 1
    elif unnumbered:
        payments[0].provider_ref = receipt_number
    else:
        book_part(tx, attempt, payments[-1].part + 1, asked, receipt_number, receipt_number, None)
    return True
