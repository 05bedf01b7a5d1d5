"""Days without service for debt are not charged, where the seller's policy says so."""

from datetime import date

from sqlalchemy import select

from billhead import clock
from billhead.actions.scheduling import enqueue
from billhead.actions.subscriptions._free_time import free_time, lengthen
from billhead.actions.subscriptions._state import record
from billhead.db import Tx
from billhead.models.subscriptions import Subscription, SubscriptionEvent

__all__ = ["credit_suspended_days"]


def credit_suspended_days(tx: Tx, subscription: Subscription) -> int:
    """Give back the days from the last suspension to today, as far as they were billed; returns how many.

    What is renewed by hand runs so much longer; what is billed by the calendar gets a credit note, which a job writes:
    it may pay other debts, and this is called while one is being paid. Call it before the subscription is restored.
    """
    today = clock.today_in(subscription.zone)
    billed = subscription.billed_through or today
    since = tx.session.scalar(
        select(SubscriptionEvent.effective_on)
        .where(SubscriptionEvent.subscription_id == subscription.id, SubscriptionEvent.kind == "suspend")
        .order_by(SubscriptionEvent.id.desc())
        .limit(1)
    )
    until: date = min(today, billed)
    if since is None or since >= until:
        return 0
    days = (until - since).days
    record(tx, subscription, "suspended_days_credited", today, days=days)
    if subscription.collection == "manual":
        lengthen(tx, subscription, days, today)
    else:
        free_time(tx, subscription, "debt", since, until)
        key = f"rebill:{subscription.id}"
        enqueue(tx, "subscriptions.rebill", {"subscription_id": subscription.id}, key=key)
    return days
