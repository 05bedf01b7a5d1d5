"""Days that are not charged, and paid time that is made longer by them."""

from datetime import date, timedelta

from sqlalchemy import select

from billhead import clock
from billhead.actions.billing._calendars import move_anchor
from billhead.actions.billing._free_days import EXTENDED, SPARED
from billhead.actions.shops._supplying import let_run, waits_for_credits
from billhead.actions.subscriptions._scheduled import last_cancel, put_off, scheduled_of
from billhead.actions.subscriptions._state import begin_again
from billhead.actions.subscriptions._taking_steps import look_again
from billhead.db import Tx
from billhead.domain.errors import Conflict
from billhead.models.people import Customer
from billhead.models.subscriptions import FreeTime, Subscription

__all__ = ["bill_from", "free_time", "give_time", "lengthen", "open_hold", "spare_days"]


def free_time(
    tx: Tx, subscription: Subscription, why: str, starts_on: date, ends_on: date | None, gift_id: int | None = None
) -> FreeTime:
    row = FreeTime(
        subscription_id=subscription.id,
        why=why,
        starts_on=starts_on,
        ends_on=ends_on,
        gift_id=gift_id,
        recorded_at=clock.now(),
    )
    tx.session.add(row)
    return row


def open_hold(tx: Tx, subscription: Subscription) -> FreeTime | None:
    """The hold that the subscription is in."""
    return tx.session.scalar(
        select(FreeTime)
        .where(FreeTime.subscription_id == subscription.id, FreeTime.why.in_(["hold", "kept"]))
        .order_by(FreeTime.id.desc())
        .limit(1)
    )


def give_time(
    tx: Tx, subscription: Subscription, days: int, today: date, gift_id: int | None = None, why: str = "given"
) -> date:
    """As `lengthen`, and an end that is set comes so much later: it is watched longer, and no more is paid for it.

    So does a change that is planned for its end, unless it is paid for already.
    """
    leaves, billing, longer = subscription.service_ends_on, subscription.billing_ends_on, timedelta(days=days)
    over = _is_over(tx, subscription)
    known = max(subscription.billed_through or today, subscription.paid_through or today)
    for row in scheduled_of(tx, subscription.id):
        if row.kind == "change" and row.effective_on >= known:
            put_off(tx, row, max(row.effective_on, today) + longer)
    until = lengthen(tx, subscription, days, today, gift_id, why)
    if leaves is not None and billing is not None:
        subscription.service_ends_on = max(leaves, today) + longer
        if not over:
            subscription.billing_ends_on = max(billing, today) + longer
        look_again(tx, subscription, today)
    return until


def lengthen(
    tx: Tx, subscription: Subscription, days: int, today: date, gift_id: int | None = None, why: str = "given"
) -> date:
    """Let what is paid for run so many days longer, without charging them; returns the new end.

    What has expired begins again today, but for a shop's order that waits: it begins when its credits come. Billing
    follows: from the new end on, in whole periods; what runs until then is counted as it was, the days being added to
    its cycle. An account that bills on one day of the month keeps that day, and pays the part until it. Where billing
    is over because it was canceled it stays so, and the days are kept for whoever takes that back. Days that a change
    has added follow what pays for them: where that is open yet, they come with the payment. Raises Conflict where
    nothing was ever paid.
    """
    added = why == EXTENDED and subscription.billed_through is not None
    paid = subscription.paid_through or (subscription.billed_through if added else None)
    if paid is None:
        raise Conflict("nothing of this subscription was paid yet: there is no time to make longer")
    earliest = paid if waits_for_credits(tx, subscription) else today
    billed = max(subscription.billed_through or paid, paid)
    start = max(billed, earliest)
    free_time(tx, subscription, why, start, start + timedelta(days=days), gift_id)
    if not _is_over(tx, subscription):
        bill_from(tx, subscription, start + timedelta(days=days), longer_from=billed)
    if added and (subscription.paid_through is None or paid < billed):
        look_again(tx, subscription, today)
        return paid
    subscription.paid_through = max(paid, earliest) + timedelta(days=days)
    let_run(tx, subscription, subscription.paid_through)
    begin_again(tx, subscription, today)
    look_again(tx, subscription, today)
    return subscription.paid_through


def spare_days(tx: Tx, subscription: Subscription, days: int, today: date, gift_id: int | None = None) -> None:
    """The next so many days that would be billed afterwards cost nothing."""
    tx.session.flush()
    start, length = subscription.billed_through or subscription.started_on, timedelta(days=days)
    mine = FreeTime.subscription_id == subscription.id, FreeTime.why.in_(["debt", SPARED])
    for row in tx.session.scalars(select(FreeTime).where(*mine).order_by(FreeTime.starts_on)):
        if row.ends_on is not None and row.starts_on < start + length:
            start = max(start, row.ends_on)
    free_time(tx, subscription, SPARED, start, start + length, gift_id)
    look_again(tx, subscription, today)


def bill_from(tx: Tx, subscription: Subscription, end: date, *, longer_from: date) -> None:
    """Billing goes on at the end of days that were given, and so does what follows a trial."""
    subscription.billed_through = end
    if subscription.phase == "trial":
        subscription.phase_ends_on = end
    if tx.session.get_one(Customer, subscription.customer_id).billing_day is None:
        move_anchor(tx.session, subscription, end, end, longer_from=longer_from)


def _is_over(tx: Tx, subscription: Subscription) -> bool:
    """It was canceled, and nothing is billed any more."""
    ends, billed = subscription.billing_ends_on, subscription.billed_through or subscription.paid_through
    over = ends is not None and billed is not None and ends <= billed
    return over and last_cancel(tx, subscription.id) is not None
