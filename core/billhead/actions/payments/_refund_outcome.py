"""What became of a refund, written down: the money left, or did not, or came back. Repeats change nothing."""

from datetime import timedelta

from billhead import clock
from billhead.actions.events import emit
from billhead.actions.ledger.post import post
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.payments._exchanging import exchange_refund
from billhead.actions.payments._putting_back import put_back
from billhead.actions.payments._refunding import locked_payment, subject_of
from billhead.db import Tx
from billhead.domain.ledger import AccountCode, Posting, credit, debit
from billhead.domain.money import Money
from billhead.domain.payment import (
    REFUND_TRANSITIONS,
    AttemptState,
    RefundEvent,
    RefundState,
    forward_refund,
    next_poll,
)
from billhead.domain.state import next_state
from billhead.models.payments import GatewayAccount, Payment, Refund
from billhead.models.sellers import Seller
from billhead.plugin import Outcome

__all__ = ["apply_refund_outcome", "being_sent", "locked_refund"]

_OPEN = frozenset({RefundState.CREATED, RefundState.PROCESSING, RefundState.UNKNOWN})
_ENDED_WITHOUT = frozenset({AttemptState.FAILED, AttemptState.CANCELED, AttemptState.EXPIRED})
_SOONEST_LOOK = timedelta(minutes=5)
_CLAIMED_SOME_DAY = timedelta(days=1)
_CLAIM_HOLDS = timedelta(minutes=15)
"""Longer than a look and a request to a gateway take, of several slow calls each: a claim that is
older was left by a process that died.
"""


def locked_refund(tx: Tx, refund: Refund) -> tuple[Refund, Payment]:
    """A refund and its payment, locked (the payment first, as everybody does), as they stand now."""
    payment = locked_payment(tx, refund.payment_id)
    return tx.session.get_one(Refund, refund.id, with_for_update=True, populate_existing=True), payment


def being_sent(refund: Refund) -> bool:
    """Somebody talks to the gateway about it at this moment."""
    return refund.sending_since is not None and clock.business_now() - refund.sending_since < _CLAIM_HOLDS


def apply_refund_outcome(tx: Tx, refund: Refund, outcome: Outcome) -> None:
    """Move a refund forward by what its gateway (or who sends it by hand) says.

    A refund of another amount than was asked for is never booked by itself: it stays `unknown` for staff.
    """
    refund, payment = locked_refund(tx, refund)
    before = RefundState(refund.state)
    asked = Money(refund.amount_minor, payment.currency)
    if outcome.state is AttemptState.SUCCEEDED and outcome.amount not in (None, asked):
        outcome = Outcome(AttemptState.UNKNOWN, outcome.provider_ref, code="amount_mismatch")
    state = forward_refund(before, outcome.state)
    if before is RefundState.SUCCEEDED and outcome.state in _ENDED_WITHOUT:
        state = next_state(REFUND_TRANSITIONS, before, RefundEvent.REVERSE)
    refund.provider_ref = outcome.provider_ref or refund.provider_ref
    refund.failure_code = outcome.code or refund.failure_code
    if outcome.action_url and not refund.claim_url:
        refund.claim_url = outcome.action_url
        queue_notice(tx, payment.customer_id, "refund_claim", f"refund_claim:{refund.id}", {"refund_id": refund.id})
    if state in _OPEN:
        _look_again(refund, state)
    if state is before:
        return
    refund.state = state.value
    if state not in _OPEN:
        refund.resolved_at, refund.next_look_at = clock.business_now(), None
    if state is RefundState.SUCCEEDED:
        _left(tx, refund, payment)
        exchange_refund(tx, refund, payment, outcome.settled)
    elif state in (RefundState.FAILED, RefundState.REVERSED):
        _came_back(tx, refund, payment, state)
        if state is RefundState.REVERSED:
            exchange_refund(tx, refund, payment, outcome.settled, back=True)


def _look_again(refund: Refund, state: RefundState) -> None:
    """What waits for its payer to claim it is looked up every day, however long that takes."""
    if state is RefundState.PROCESSING and refund.claim_url:
        refund.next_look_at = clock.business_now() + _CLAIMED_SOME_DAY
        return
    wait = next_poll(refund.looks)
    soonest = clock.business_now() + _SOONEST_LOOK
    refund.next_look_at = None if wait is None else max(refund.created_at + wait, soonest)


def _data(refund: Refund, payment: Payment) -> dict[str, object]:
    return {
        "refund_id": refund.id,
        "payment_id": payment.id,
        "customer_id": payment.customer_id,
        "amount_minor": refund.amount_minor,
        "currency": payment.currency,
    }


def _post(tx: Tx, payment: Payment, kind: str, key: str, legs: list[Posting]) -> int:
    account = tx.session.get_one(GatewayAccount, payment.account_id)
    seller = tx.session.get_one(Seller, account.seller_id)
    return post(tx, seller.id, kind, clock.today_in(seller.zone), key, legs, customer_id=payment.customer_id)


def _left(tx: Tx, refund: Refund, payment: Payment) -> None:
    amount, subject = Money(refund.amount_minor, payment.currency), subject_of(payment)
    legs = [debit(AccountCode.REFUNDS_PAYABLE, amount, subject), credit(AccountCode.CLEARING, amount, subject)]
    refund.entry_id = _post(tx, payment, "refund_sent", f"refund_sent:{refund.id}", legs)
    data = _data(refund, payment)
    emit(tx, "payment.refunded", f"customer:{payment.customer_id}", data)
    queue_notice(tx, payment.customer_id, "refunded", f"refunded:{refund.id}", {"refund_id": refund.id})


def _came_back(tx: Tx, refund: Refund, payment: Payment, state: RefundState) -> None:
    """The money is with us (again): it goes back to where it was taken from."""
    payment.refunded_minor -= refund.amount_minor
    amount, subject = Money(refund.amount_minor, payment.currency), subject_of(payment)
    from_account = AccountCode.CLEARING if state is RefundState.REVERSED else AccountCode.REFUNDS_PAYABLE
    back = put_back(tx, payment, refund.taken, f"refund {refund.key} came back", refund.credit_note_id)
    legs = [debit(from_account, amount, subject)]
    legs += back.legs(payment.currency)
    _post(tx, payment, f"refund_{state.value}", f"refund_{state.value}:{refund.id}", legs)
    emit(tx, "refund.failed", f"customer:{payment.customer_id}", _data(refund, payment))
    back.tell(tx)
