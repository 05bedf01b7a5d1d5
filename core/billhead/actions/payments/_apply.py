"""Write down what became of an attempt. States only move forward; repeats and late reports change nothing."""

from datetime import timedelta

from billhead import clock
from billhead.actions.documents._days_bought import let_trusted_days_come
from billhead.actions.documents._subscriptions import subscriptions_of
from billhead.actions.events import emit
from billhead.actions.fraud._paid_card import screen_paid_card, wait_for_other_trials
from billhead.actions.payments._attempts import document_ids_of
from billhead.actions.payments._declined import ask_customer, failed
from billhead.actions.payments._exchanging import book_exchange
from billhead.actions.payments._late_fee import book_late_fee
from billhead.actions.payments._receipts import name_receipt
from billhead.actions.payments._same_card import tell_same_card
from billhead.actions.payments._saving import keep_method
from billhead.actions.payments.settle import settle
from billhead.actions.subscriptions._billing_day import onto_day
from billhead.actions.subscriptions._offers import lock_about
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.errors import AmountMismatch
from billhead.domain.money import Money
from billhead.domain.payment import UNRESOLVED, AttemptState, DeclineClass, forward, next_poll
from billhead.domain.subscription import RUNNING
from billhead.models.payments import PaymentAttempt
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription
from billhead.plugin import Outcome

__all__ = ["apply_outcome", "check_amount"]

_SOONEST_LOOK = timedelta(minutes=5)
_WATCHED = timedelta(hours=1)


def check_amount(attempt: PaymentAttempt, outcome: Outcome) -> None:
    """Raises AmountMismatch unless the provider names exactly the amount and currency that were asked for.

    Where the payer decides how much comes, any amount above zero in this currency will do.
    """
    asked = Money(attempt.amount_minor, attempt.currency)
    if outcome.amount is None:
        raise AmountMismatch(f"the message names no amount; {asked} was asked for ({attempt.key})")
    if outcome.as_paid and outcome.amount.currency == asked.currency and outcome.amount.minor > 0:
        return
    if outcome.amount != asked:
        raise AmountMismatch(f"{outcome.amount} was reported where {asked} was asked for ({attempt.key})")


def apply_outcome(tx: Tx, attempt: PaymentAttempt, outcome: Outcome) -> None:
    """Move the attempt forward and do what follows from it: settle, retry later, ask the customer, look again.

    Money of another amount than was asked for is never booked by itself: the attempt stays `unknown` for staff. Unless
    the payer decides how much comes: then what came is booked, and what comes later as well.
    """
    before = AttemptState(attempt.state)
    if outcome.state is AttemptState.SUCCEEDED:
        try:
            check_amount(attempt, outcome)
        except AmountMismatch as mismatch:
            outcome = Outcome(AttemptState.UNKNOWN, outcome.provider_ref, code=mismatch.code)
    state = forward(before, outcome.state)
    attempt.provider_ref = outcome.provider_ref or attempt.provider_ref
    if outcome.action_url:
        attempt.action = {"kind": "redirect", "url": outcome.action_url}
    told_first = outcome.code != attempt.decline_code
    attempt.decline_code = outcome.code or attempt.decline_code
    _look_again(attempt, state, outcome)
    if state is before:
        if state is outcome.state is AttemptState.SUCCEEDED:
            _told_late(tx, attempt, outcome)
        elif before is AttemptState.SUCCEEDED and outcome.state is AttemptState.FAILED and told_first:
            told = {"attempt_id": attempt.id, "document_id": attempt.document_id, "code": outcome.code}
            emit(tx, "payment.contradicted", f"document:{attempt.document_id}", told)
            audit(tx, "payments.contradicted", f"document:{attempt.document_id}", told)
        return
    attempt.state = state.value
    if state not in UNRESOLVED:
        attempt.resolved_at = clock.business_now()
    if state is AttemptState.SUCCEEDED:
        _keep_method(tx, attempt, outcome)
        total = outcome.amount or Money(attempt.amount_minor, attempt.currency)
        settle(tx, attempt, total, outcome.fee, outcome.receipt)
        book_exchange(tx, attempt, outcome)
        _on_its_day(tx, attempt, outcome)
    elif state is AttemptState.REQUIRES_ACTION and attempt.off_session:
        ask_customer(tx, attempt)
    elif state is AttemptState.FAILED or (state not in UNRESOLVED and attempt.off_session):
        failed(tx, attempt, outcome.decline or DeclineClass.SOFT)


def _told_late(tx: Tx, attempt: PaymentAttempt, outcome: Outcome) -> None:
    """What a provider may know only after the money: more money, its fee, its receipt, and the method saved with it."""
    if outcome.as_paid and outcome.amount is not None:
        settle(tx, attempt, outcome.amount)
    if outcome.receipt:
        name_receipt(tx, attempt, outcome.receipt)
    if outcome.fee is not None:
        book_late_fee(tx, attempt, outcome.fee)
    book_exchange(tx, attempt, outcome)
    if attempt.method_id is None:
        _keep_method(tx, attempt, outcome)
        _on_its_day(tx, attempt, outcome)


def _look_again(attempt: PaymentAttempt, state: AttemptState, outcome: Outcome) -> None:
    """Callbacks get lost: what is open is looked up 5 minutes after it began, then an hour, then days.

    While its provider still takes money for it, an attempt is looked up every hour, also when it has ended; a look
    that was not answered there is repeated as one of those of an open attempt.
    """
    now = clock.business_now()
    if outcome.watched_until is not None and now < outcome.watched_until:
        attempt.next_look_at = min(now + _WATCHED, max(outcome.watched_until, now + _SOONEST_LOOK))
        return
    open_still = state in UNRESOLVED or (outcome.state is AttemptState.UNKNOWN and attempt.next_look_at is not None)
    wait = next_poll(attempt.looks) if open_still else None
    attempt.next_look_at = None if wait is None else max(attempt.created_at + wait, now + _SOONEST_LOOK)


def _keep_method(tx: Tx, attempt: PaymentAttempt, outcome: Outcome) -> None:
    """A method that the payer agreed to save becomes the default, and pays what the document is about from now on."""
    if outcome.method is None:
        return
    wait_for_other_trials(tx, attempt.document_id)
    subscriptions = subscriptions_of(tx.session, attempt.document_id)
    lock_about(tx, subscriptions, document_ids_of(tx, attempt))
    method = keep_method(tx, attempt.customer_id, attempt.account_id, outcome.method)
    attempt.method_id = method.id
    repeated = tell_same_card(tx, attempt.customer_id, attempt.document_id)
    screen_paid_card(tx, attempt.document_id, method, repeated)
    by_hand = []
    for subscription_id in subscriptions:
        subscription = tx.session.get_one(Subscription, subscription_id)
        if subscription.collection == "manual":
            by_hand.append(subscription_id)
        subscription.payment_method_id = method.id
        subscription.collection = "auto"
    let_trusted_days_come(tx, by_hand)


def _on_its_day(tx: Tx, attempt: PaymentAttempt, outcome: Outcome) -> None:
    """What is charged by itself from now on follows its account's billing day, from the end of what was paid: a whole
    period that was paid late has begun on another."""
    day = tx.session.get_one(Customer, attempt.customer_id).billing_day
    if outcome.method is None or day is None:
        return
    for subscription_id in subscriptions_of(tx.session, attempt.document_id):
        subscription = tx.session.get_one(Subscription, subscription_id, populate_existing=True)
        if subscription.state in RUNNING:
            onto_day(tx, subscription, day)
