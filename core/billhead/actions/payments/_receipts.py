"""The provider's number of the money, told after the money: a look-up may know that it came, and not its number."""

from sqlalchemy import func, select

from billhead.actions.payments._attempts import documents_of
from billhead.actions.payments._book import Receipt, book
from billhead.actions.payments._order_gone import refund_if_gone
from billhead.actions.payments._suspense import waiting_in_suspense
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.errors import AmountMismatch
from billhead.domain.money import Money
from billhead.models.payments import GatewayAccount, Payment, PaymentAttempt

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
        taken.attempt_id, taken.part = attempt.id, _next_part(tx, attempt)
    elif unnumbered:
        payments[0].provider_ref = receipt_number
    else:
        _book_further(tx, attempt, receipt_number, asked)
    return True


def _book_further(tx: Tx, attempt: PaymentAttempt, receipt_number: str, amount: Money) -> None:
    waits = waiting_in_suspense(tx, attempt.account_id, receipt_number, amount)
    documents = documents_of(tx, attempt)
    account = tx.session.get_one(GatewayAccount, attempt.account_id)
    part = _next_part(tx, attempt)
    receipt = Receipt(account, amount, receipt_number, attempt.id, part, from_suspense=waits is not None)
    payment = book(tx, documents, receipt)
    if waits is not None:
        waits.payment_id = payment.id
    refund_if_gone(tx, payment, documents)
    data = {"attempt_id": attempt.id, "document_id": attempt.document_id}
    audit(tx, "payments.settle", f"payment:{payment.id}", data)


def _next_part(tx: Tx, attempt: PaymentAttempt) -> int:
    return int(tx.session.scalar(select(func.max(Payment.part)).where(Payment.attempt_id == attempt.id)) or 0) + 1
