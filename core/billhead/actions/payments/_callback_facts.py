"""What a callback proves about refunds and disputes, applied once; repeats and disorder change nothing."""

from sqlalchemy import select

from billhead.actions.payments._disputing import close_dispute, find_dispute, open_dispute
from billhead.actions.payments._refund_outcome import apply_refund_outcome
from billhead.actions.payments._refunding import locked_payment, plan_refund
from billhead.actions.payments._taking import take_payment
from billhead.db import Tx
from billhead.domain.errors import AmountMismatch
from billhead.domain.payment import DISPUTE_TRANSITIONS, AttemptState, DisputeEvent, DisputeState
from billhead.models.payments import Payment, PaymentAttempt, Refund
from billhead.plugin import Verified

__all__ = ["apply_dispute", "apply_refund"]

_DECIDED = {
    AttemptState.SUCCEEDED: DisputeEvent.LOSE,
    AttemptState.FAILED: DisputeEvent.WIN,
    AttemptState.CANCELED: DisputeEvent.WIN,
    AttemptState.EXPIRED: DisputeEvent.WIN,
}


def apply_refund(tx: Tx, account_id: int, fact: Verified) -> None:
    """A refund of ours by its key, or one that somebody made at the gateway, by the key of the attempt.

    Raises AmountMismatch when the account knows no such payment, Conflict when more is gone than was left.
    """
    refund = tx.session.scalar(
        select(Refund)
        .join(Payment, Payment.id == Refund.payment_id)
        .where(Refund.key == fact.reference, Payment.account_id == account_id)
    )
    if refund is not None:
        apply_refund_outcome(tx, refund, fact.outcome)
        return
    payment = _payment(tx, account_id, fact)
    known = select(Refund).where(Refund.payment_id == payment.id, Refund.provider_ref == fact.outcome.provider_ref)
    refund = tx.session.scalar(known)
    if refund is None:
        if fact.outcome.state is not AttemptState.SUCCEEDED:
            return  # nothing has left yet
        found = take_payment(tx, payment, _amount(payment, fact))
        legs = found.legs(payment.currency)
        refund = plan_refund(tx, payment, legs, found.taken, reason="made at the gateway", send=False)
    apply_refund_outcome(tx, refund, fact.outcome)


def apply_dispute(tx: Tx, account_id: int, fact: Verified) -> None:
    """`processing`: the provider took the money. `succeeded`: for good. `failed`: the dispute was won, it is back.

    One that was lost may be won on appeal; what is won stays won.
    """
    payment = _payment(tx, account_id, fact)
    outcome = fact.outcome
    dispute = find_dispute(tx, payment.id, outcome.provider_ref or fact.event_id)
    if dispute is None:
        reference = outcome.provider_ref or fact.event_id
        dispute = open_dispute(tx, payment.id, _amount(payment, fact), reference, outcome.fee, outcome.code, told=True)
    event = _DECIDED.get(outcome.state)
    if event is not None and (DisputeState(dispute.state), event) in DISPUTE_TRANSITIONS:
        close_dispute(tx, dispute, event)


def _payment(tx: Tx, account_id: int, fact: Verified) -> Payment:
    payment_id = tx.session.scalar(
        select(Payment.id)
        .outerjoin(PaymentAttempt, PaymentAttempt.id == Payment.attempt_id)
        .where(
            Payment.account_id == account_id,
            (PaymentAttempt.key == fact.reference) | (Payment.provider_ref == fact.reference),
        )
        .limit(1)
    )
    if payment_id is None:
        raise AmountMismatch(f"no payment with reference {fact.reference!r} came through this account")
    return locked_payment(tx, payment_id)


def _amount(payment: Payment, fact: Verified) -> int:
    amount = fact.outcome.amount
    if amount is None:
        raise AmountMismatch(f"the message about {fact.reference!r} names no amount")
    if amount.currency != payment.currency:
        raise AmountMismatch(f"{amount} was reported for a payment in {payment.currency}")
    return amount.minor
