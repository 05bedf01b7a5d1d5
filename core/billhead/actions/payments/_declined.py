"""What follows from a charge without money: by its class another method, a later day, the customer, or staff."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from billhead import clock
from billhead.actions.credits._top_up import stop_if_auto, void_if_stopped
from billhead.actions.documents._subscriptions import subscriptions_of
from billhead.actions.dunning._terms import Policies
from billhead.actions.events import emit
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.payments._methods import stop_method
from billhead.actions.payments._pausing import pause_account
from billhead.actions.scheduling import enqueue
from billhead.db import Tx
from billhead.domain.dunning import TELLS, RetrySchedule, next_retry, on_payday, with_last_chances
from billhead.domain.payment import DeclineClass
from billhead.domain.periods import local_date
from billhead.models.documents import Document
from billhead.models.payments import PaymentAttempt, PaymentMethod
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription

__all__ = ["ask_customer", "failed"]

_SOON = timedelta(minutes=10)
_BREAKFAST = time(9)
"""Where the customer lives: salaries are booked by then, and banks don't take a charge at night for a thief's."""
_NOT_THEIRS = (DeclineClass.RATE_LIMITED, DeclineClass.CONFIG, DeclineClass.INVALID_REQUEST)


def failed(tx: Tx, attempt: PaymentAttempt, decline: DeclineClass) -> None:
    """Called once, when the attempt ends without money."""
    attempt.decline_class = decline.value
    data = {"attempt_id": attempt.id, "document_id": attempt.document_id, "decline_class": decline.value}
    emit(tx, "payment.failed", f"document:{attempt.document_id}", data)
    if decline is DeclineClass.CONFIG:
        pause_account(tx, attempt.account_id, attempt.decline_code)
    if not attempt.off_session:
        return  # the payer sat in front of it and was told at once
    stopped = void_if_stopped(tx, attempt.document_id)
    if decline is DeclineClass.HARD:
        _for_good(tx, attempt)
    elif stopped:
        return  # an order that came by itself while that was not stopped yet: nobody is asked for it
    elif decline in _NOT_THEIRS:
        # not the payer's fault: no retry of theirs is used up
        _collect_again(tx, attempt, clock.business_now() + _SOON * min(attempt.number, 36))
    elif decline is DeclineClass.NEEDS_CUSTOMER:
        ask_customer(tx, attempt)
    else:
        queue_notice(tx, attempt.customer_id, "payment_failed", f"payment_failed:{attempt.key}", data)
        _schedule_retry(tx, attempt, decline)


def ask_customer(tx: Tx, attempt: PaymentAttempt) -> None:
    """The bank wants the customer: a link to pay, once per attempt. A repeat without them can't work."""
    data = {"attempt_id": attempt.id, "document_id": attempt.document_id}
    queue_notice(tx, attempt.customer_id, "payment_action", f"payment_action:{attempt.key}", data)


def _for_good(tx: Tx, attempt: PaymentAttempt) -> None:
    """This method is not charged again. The next one is, at once; for a top-up that came by itself nothing is."""
    data = {"attempt_id": attempt.id, "document_id": attempt.document_id, "decline_class": attempt.decline_class}
    by_itself = stop_if_auto(tx, attempt.document_id, "hard_decline")
    method = tx.session.get(PaymentMethod, attempt.method_id) if attempt.method_id is not None else None
    following = stop_method(tx, method, attempt.currency) if method is not None else None
    if by_itself:
        return
    if method is None or following is None:
        queue_notice(tx, attempt.customer_id, "payment_failed", f"payment_failed:{attempt.key}", data)
        return
    told = {"document_id": attempt.document_id, "method_id": method.id, "next_method_id": following.id}
    queue_notice(tx, attempt.customer_id, "method_stopped", f"method_stopped:{method.id}", told)
    _collect_again(tx, attempt, clock.business_now())


def _collect_again(tx: Tx, attempt: PaymentAttempt, due_at: datetime) -> None:
    # a key of its own: the job of this attempt may be queued still, if its process was killed, and is then void
    args = {"document_id": attempt.document_id, "after": attempt.id}
    enqueue(tx, "payments.collect", args, key=f"collect:{attempt.document_id}:{attempt.id}", due_at=due_at)


def _schedule_retry(tx: Tx, attempt: PaymentAttempt, decline: DeclineClass) -> None:
    declined = tx.session.scalars(
        select(PaymentAttempt)
        .where(
            PaymentAttempt.document_id == attempt.document_id,
            PaymentAttempt.off_session,
            PaymentAttempt.decline_class == DeclineClass.SOFT.value,
        )
        .order_by(PaymentAttempt.id)
    ).all()
    document = tx.session.get_one(Document, attempt.document_id)
    zone = tx.session.get_one(Customer, document.customer_id).zone
    first = local_date(declined[0].created_at if declined else attempt.created_at, zone)
    schedule, takes_away = _schedule(tx, document, first)
    done = max(len(declined) - 1, 0)
    day = next_retry(schedule, first, done, decline)
    if day is None:
        stop_if_auto(tx, attempt.document_id, "declined")
        return
    if attempt.decline_code in _NO_MONEY:
        following = next_retry(schedule, first, done + 1, decline)
        limits = [one for one in (following, *takes_away) if one is not None and one > day]
        day = on_payday(day, before=min(limits, default=None))
    morning = datetime.combine(day, _BREAKFAST, ZoneInfo(zone)).astimezone(clock.business_now().tzinfo)
    _collect_again(tx, attempt, max(morning, clock.business_now() + timedelta(hours=1)))


_NO_MONEY = frozenset({"insufficient_funds", "INSUFFICIENT_FUNDS", "51"})


def _schedule(tx: Tx, document: Document, failed_on: date) -> tuple[RetrySchedule, list[date]]:
    """The retries of the debt's policy, and one more on the day before each stage that takes something away; and the
    days of those stages."""
    ids = subscriptions_of(tx.session, document.id)
    plans = {tx.session.get_one(Subscription, subscription_id).plan_id for subscription_id in ids}
    group = tx.session.get_one(Customer, document.customer_id).price_group
    terms = Policies(tx.session).of(document.seller_id, plans.pop() if len(plans) == 1 else None, group)
    if document.due_on is None or not ids:
        return terms.retries, []
    days = [stage.after_days for stage in terms.stages if stage.action not in TELLS]
    takes_away = [document.due_on + timedelta(days=after) for after in days]
    return with_last_chances(terms.retries, terms.stages, failed_on, document.due_on), takes_away
