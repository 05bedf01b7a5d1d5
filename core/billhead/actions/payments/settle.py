"""A payment attempt has succeeded: book its money."""

from billhead.actions.payments._attempts import documents_of
from billhead.actions.payments._book import Receipt, book
from billhead.actions.payments._order_gone import refund_if_gone
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.money import Money
from billhead.models.payments import GatewayAccount, PaymentAttempt

__all__ = ["settle"]


def settle(tx: Tx, attempt: PaymentAttempt, fee: Money | None) -> int:
    """Payment, invoice (of a proforma), entries, allocations and the longer service; returns the payment's id.

    Called once per attempt, when it first reaches `succeeded`; the unique attempt id of a payment is the last guard.
    """
    documents = documents_of(tx, attempt)
    receipt = Receipt(
        account=tx.session.get_one(GatewayAccount, attempt.account_id),
        amount=Money(attempt.amount_minor, attempt.currency),
        provider_ref=attempt.provider_ref or attempt.key,
        attempt_id=attempt.id,
        fee=fee,
    )
    payment = book(tx, documents, receipt)
    refund_if_gone(tx, payment, documents)
    audit(
        tx, "payments.settle", f"payment:{payment.id}", {"attempt_id": attempt.id, "document_id": attempt.document_id}
    )
    return payment.id
