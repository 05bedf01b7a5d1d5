"""A payment attempt has succeeded: book its money."""

from sqlalchemy import func, select

from billhead.actions.payments._attempts import documents_of
from billhead.actions.payments._book import Receipt, book
from billhead.actions.payments._order_gone import refund_if_gone
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.money import Money
from billhead.models.payments import GatewayAccount, Payment, PaymentAttempt

__all__ = ["settle"]


def settle(tx: Tx, attempt: PaymentAttempt, total: Money, fee: Money | None = None) -> int | None:
    """So much has come in all for a locked attempt: payment, invoice (of a proforma), entries, allocations and the
    longer service for what is new of it. Returns the payment's id, or None where all of it is booked.

    Called when an attempt first reaches `succeeded`, and, where the payer decides how much comes, whenever more is
    told. The unique attempt id and part of a payment are the last guard.
    """
    sums = select(func.coalesce(func.sum(Payment.amount_minor), 0), func.count())
    booked, parts = tx.session.execute(sums.where(Payment.attempt_id == attempt.id)).one()
    new = total - Money(int(booked), attempt.currency)
    if new.minor <= 0:
        return None
    documents, part = documents_of(tx, attempt), int(parts) + 1
    reference = attempt.provider_ref or attempt.key
    receipt = Receipt(
        account=tx.session.get_one(GatewayAccount, attempt.account_id),
        amount=new,
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
