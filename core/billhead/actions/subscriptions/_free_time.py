"""Days that are not charged, and paid time that is made longer by them."""

from datetime import date, timedelta

from sqlalchemy import select

from billhead import clock
from billhead.actions.shops._supplying import let_run, waits_for_credits
from billhead.actions.subscriptions._scheduled import BY_PLAN, put_off, scheduled_of
from billhead.actions.subscriptions._taking_steps import look_again
from billhead.db import Tx
from billhead.domain.errors import Conflict
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.models.subscriptions import FreeTime, Subscription

__all__ = ["free_time", "give_time", "lengthen", "open_hold"]


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


def give_time(tx: Tx, subscription: Subscription, days: int, today: date, gift_id: int | None = None) -> date:
    """As `lengthen`, and an end that is set comes so much later: it is watched longer, and no more is paid for it.

    So does the plan that follows this one by itself, unless it is paid for already.
    """
    leaves = subscription.service_ends_on
    known = max(subscription.billed_through or today, subscription.paid_through or today)
    for row in scheduled_of(tx, subscription.id):
        if row.before.get("by") == BY_PLAN and row.effective_on >= known:
            put_off(tx, row, max(row.effective_on, today) + timedelta(days=days))
    until = lengthen(tx, subscription, days, today, gift_id)
    if leaves is not None and subscription.billing_ends_on is not None:
        subscription.service_ends_on = max(leaves, today) + timedelta(days=days)
        subscription.billing_ends_on = max(subscription.billing_ends_on, subscription.billed_through or leaves)
        look_again(tx, subscription, today)
    return until


def lengthen(tx: Tx, subscription: Subscription, days: int, today: date, gift_id: int | None = None) -> date:
    """Let what is paid for run so many days longer, without charging them; returns the new end.

    What has expired begins again today, but for a shop's order that waits: it begins when its credits come. Billing
    follows: from the new end on, in whole periods; an account that bills on one day of the month keeps that day, and
    pays the part until it. Raises Conflict where nothing was ever paid.
    """
    paid = subscription.paid_through
    if paid is None:
        raise Conflict("nothing of this subscription was paid yet: there is no time to make longer")
    earliest = paid if waits_for_credits(tx, subscription) else today
    start = max(subscription.billed_through or paid, paid, earliest)
    end = start + timedelta(days=days)
    free_time(tx, subscription, "given", start, end, gift_id)
    subscription.billed_through = end
    subscription.paid_through = max(paid, earliest) + timedelta(days=days)
    if tx.session.get_one(Customer, subscription.customer_id).billing_day is None:
        subscription.anchor = end
    seller = tx.session.get_one(Seller, subscription.seller_id)
    let_run(tx, subscription, subscription.paid_through, seller.grace_hours)
    look_again(tx, subscription, today)
    return subscription.paid_through
