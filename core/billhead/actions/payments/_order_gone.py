"""Somebody has paid an order that could not be kept for them: what was to be sold is gone, so the money goes back."""

from collections.abc import Sequence

from sqlalchemy import Select, func, or_, select

from billhead.actions.documents._subscriptions import about, subscriptions_of
from billhead.actions.fraud._case import rejected
from billhead.actions.payments._attempts import documents_of
from billhead.actions.payments._refunding import can_return, locked_payment, plan_refund
from billhead.actions.payments._taking import take_payment
from billhead.db import Tx
from billhead.domain.document import Kind
from billhead.domain.subscription import State
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Document
from billhead.models.panels import Panel
from billhead.models.payments import AttemptDocument, Payment, PaymentAttempt
from billhead.models.subscriptions import Service, Subscription

__all__ = ["give_back_short", "refund_if_gone"]


def refund_if_gone(tx: Tx, payment: Payment, documents: Sequence[Document]) -> int | None:
    """Plan the refund of a payment for orders that ended before they began, and whose panels are full now, or which
    staff did not take.

    Returns its id, or None. Anybody else keeps the money as credit: they can order again. Where no gateway can send
    it back it stays credit as well, and staff are told of that by the event.
    """
    if not documents or not all(_gone(tx, document) for document in documents):
        return None
    whole = payment.amount_minor  # else a part of it has paid what they owe
    return _sent_back(tx, payment, whole, "gateway") if _as_credit(tx, payment) >= whole else None


def give_back_short(tx: Tx, subscription_id: int) -> int:
    """What came for an order, was not enough for it and is credit, when staff have not taken the order: back to its
    source, by hand too, as its other money. Returns minor units."""
    also = select(AttemptDocument.attempt_id).where(AttemptDocument.document_id.in_(_offers(subscription_id)))
    payments = tx.session.scalars(
        select(Payment)
        .join(PaymentAttempt, PaymentAttempt.id == Payment.attempt_id)
        .where(or_(PaymentAttempt.document_id.in_(_offers(subscription_id)), PaymentAttempt.id.in_(also)))
        .order_by(Payment.id)
    ).all()
    given = 0
    for payment in payments:
        left = _as_credit(tx, payment)
        documents = documents_of(tx, tx.session.get_one(PaymentAttempt, payment.attempt_id))
        if left and all(_gone(tx, document) for document in documents):
            given += left if _sent_back(tx, payment, left, "gateway", "by_hand") is not None else 0
    return given


def _offers(subscription_id: int) -> Select[int]:
    return select(Document.id).where(about(subscription_id), Document.kind == Kind.PROFORMA.value)


def _as_credit(tx: Tx, payment: Payment) -> int:
    tx.session.flush()
    lots = select(func.sum(CustomerCredit.remaining_minor)).where(CustomerCredit.payment_id == payment.id)
    return int(tx.session.scalar(lots) or 0)


def _sent_back(tx: Tx, payment: Payment, minor: int, *ways: str) -> int | None:
    payment = locked_payment(tx, payment.id)
    if can_return(tx, payment, minor) not in ways:
        return None
    found = take_payment(tx, payment, minor)
    reason = "the order could not be kept until it was paid"
    return plan_refund(tx, payment, found.legs(payment.currency), found.taken, reason=reason).id


def _gone(tx: Tx, document: Document) -> bool:
    if document.kind != Kind.PROFORMA:
        return False
    ids = subscriptions_of(tx.session, document.id)
    ordered = [tx.session.get_one(Subscription, key, populate_existing=True) for key in ids]
    ended = bool(ordered) and all(one.state == State.CANCELED and one.paid_through is None for one in ordered)
    return ended and (rejected(tx, ids) or any(_is_full(tx, one.id) for one in ordered))


def _is_full(tx: Tx, subscription_id: int) -> bool:
    """A panel on which it was to be has no slot left."""
    theirs = select(Service.panel_id).where(Service.subscription_id == subscription_id)
    used = select(func.count()).select_from(Service).where(Service.panel_id == Panel.id, Service.lifecycle != "gone")
    query = select(Panel.id).where(
        Panel.id.in_(theirs), Panel.capacity > 0, used.correlate(Panel).scalar_subquery() >= Panel.capacity
    )
    return tx.session.scalar(query.limit(1)) is not None
