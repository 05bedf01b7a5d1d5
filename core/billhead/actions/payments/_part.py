"""Money that has come for an attempt, booked as its next part: at first its only one."""

from billhead.actions.payments._attempts import document_ids_of, documents_of
from billhead.actions.payments._book import Receipt, book
from billhead.actions.payments._order_gone import refund_if_gone
from billhead.actions.payments._suspense import waiting_in_suspense
from billhead.actions.subscriptions._offers import locked_to_pay
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.money import Money
from billhead.models.payments import GatewayAccount, Payment, PaymentAttempt

__all__ = ["book_part"]


def book_part(
    tx: Tx, attempt: PaymentAttempt, part: int, amount: Money, reference: str, receipt_number: str, fee: Money | None
) -> Payment:
    """`reference` is what the payment is known by. What waits in suspense under the receipt's number is taken from
    there. The unique attempt id and part of a payment are the last guard. Raises AmountMismatch when another amount
    waits in suspense."""
    locked_to_pay(tx, document_ids_of(tx, attempt))
    documents = documents_of(tx, attempt)
    waits = waiting_in_suspense(tx, attempt.account_id, receipt_number, amount) if receipt_number else None
    receipt = Receipt(
        account=tx.session.get_one(GatewayAccount, attempt.account_id),
        amount=amount,
        provider_ref=reference,
        attempt_id=attempt.id,
        part=part,
        fee=fee if waits is None else None,  # what came without having been asked for was booked as a whole
        from_suspense=waits is not None,
    )
    payment = book(tx, documents, receipt)
    if waits is not None:
        waits.payment_id = payment.id
    refund_if_gone(tx, payment, documents)
    data = {"attempt_id": attempt.id, "document_id": attempt.document_id}
    audit(tx, "payments.settle", f"payment:{payment.id}", data)
    return payment
