"""A subscription is canceled at once: what it used up to that moment is still billed."""

from datetime import timedelta

from sqlalchemy import update

from billhead import clock
from billhead.db import Tx
from billhead.domain.periods import local_date
from billhead.models.subscriptions import Subscription
from billhead.models.usage import UsageMeter

__all__ = ["end_usage"]


def end_usage(tx: Tx, subscription: Subscription) -> None:
    """From this moment on no use of it is billed; what was used before is, by the run of the next day."""
    now = clock.business_now()
    subscription.ended_at = now
    ends_on = local_date(now, subscription.zone) + timedelta(days=1)
    if subscription.billing_ends_on is not None:
        ends_on = max(ends_on, subscription.billing_ends_on)
    waits = UsageMeter.subscription_id == subscription.id, UsageMeter.due_on > ends_on
    # another stamp: a run that has read it before would leave it to the end of the period
    tx.session.execute(update(UsageMeter).where(*waits).values(due_on=ends_on, stamp=UsageMeter.stamp + 1))
