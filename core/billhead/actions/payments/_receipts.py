"""The provider's number of the money, told after the money: a look-up may know that it came, and not its number."""

from sqlalchemy import select

from billhead.db import Tx
from billhead.domain.errors import AmountMismatch
from billhead.models.payments import Payment, PaymentAttempt

__all__ = ["name_receipt"]


def name_receipt(tx: Tx, attempt: PaymentAttempt, receipt_number: str) -> bool:
    """Put the number on the attempt's payment, which has none yet; True if it is the payment's now, or was already.

    Raises AmountMismatch when the payment has another number, or the number is another payment's.
    """
    payment = tx.session.scalar(select(Payment).where(Payment.attempt_id == attempt.id).with_for_update())
    if payment is None or payment.provider_ref == receipt_number:
        return payment is not None
    if payment.provider_ref not in (attempt.provider_ref, attempt.key):
        raise AmountMismatch(f"{attempt.key} was paid by {payment.provider_ref}; {receipt_number} is told as well")
    same = select(Payment.id).where(Payment.account_id == attempt.account_id, Payment.provider_ref == receipt_number)
    taken = tx.session.scalar(same)
    if taken is not None:
        raise AmountMismatch(f"receipt {receipt_number} is payment {taken} already, which is not of {attempt.key}")
    payment.provider_ref = receipt_number
    return True
