"""A line whose order was being checked gets its time, and the days that it waited."""

from collections.abc import Iterator
from datetime import date, timedelta

from sqlalchemy import select

from billhead import clock
from billhead.actions.billing._extend import panel_expiry
from billhead.actions.billing.rebill import rebill
from billhead.actions.provisioning.want import want
from billhead.actions.shops._supplying import is_supplied, waits_for_credits, wake_supply
from billhead.actions.subscriptions._free_time import give_time, open_hold
from billhead.actions.subscriptions._state import live_services
from billhead.db import Tx
from billhead.domain.subscription import State, SuspendedBy
from billhead.models.sellers import Seller
from billhead.models.subscriptions import FreeTime, Subscription, SubscriptionEvent

__all__ = ["give_waited", "release"]


def release(tx: Tx, subscription: Subscription) -> bool:
    """The lines of a locked subscription wait no more, and may be watched as far as they are paid. True if one waited
    with time that was paid."""
    lines = live_services(tx, subscription)
    waited = any(line.in_review for line in lines)
    for line in lines:
        line.in_review = False
    if subscription.paid_through is None or not waited:
        return False
    if is_supplied(subscription):
        wake_supply(tx, subscription.payer_reseller_id or 0)
        return True
    seller = tx.session.get_one(Seller, subscription.seller_id)
    expires = panel_expiry(subscription.paid_through, subscription.zone, seller.grace_hours)
    for line in lines:
        want(tx, line, desired_expires_at=expires, trial=subscription.phase == "trial")
    return True


def give_waited(tx: Tx, subscription: Subscription) -> int:
    """Give the paid days since it began on which nothing but the check kept its line back; returns how many.

    Days of a hold and of a suspension for debt are none of them: those are given, or not, by their own rules. A shop's
    order that waits for its credits gets its days with them.
    """
    today = clock.today_in(subscription.zone)
    began = tx.session.scalar(
        select(SubscriptionEvent.effective_on)
        .where(SubscriptionEvent.subscription_id == subscription.id, SubscriptionEvent.kind == "began")
        .limit(1)
    )
    paid = subscription.paid_through
    if began is None or paid is None or waits_for_credits(tx, subscription):
        return 0
    until = min(today, paid)
    stood_still = {day for start, end in _stopped(tx, subscription, until) for day in _days(max(start, began), end)}
    days = (until - began).days - len(stood_still)
    if days <= 0:
        return 0
    stopped = subscription.state == State.SUSPENDED
    pause = open_hold(tx, subscription) if stopped and subscription.suspended_for == SuspendedBy.CUSTOMER else None
    if pause is not None and pause.why == "hold":
        # its days come back as money until it ends, so these do
        pause.starts_on -= timedelta(days=days)
        tx.session.flush()
        rebill(tx, subscription.id)
        tx.session.refresh(subscription)
    else:
        # what stands still counts its own days from its paid end, whether that has passed or not
        give_time(tx, subscription, days, until if stopped else today)
    return days


def _stopped(tx: Tx, subscription: Subscription, until: date) -> Iterator[tuple[date, date]]:
    """Holds, and suspensions for debt, as far as they lie before the day."""
    holds = tx.session.scalars(
        select(FreeTime).where(FreeTime.subscription_id == subscription.id, FreeTime.why.in_(["hold", "kept"]))
    ).all()
    on_hold = subscription.state == State.SUSPENDED and subscription.suspended_for == SuspendedBy.CUSTOMER
    for hold in holds:
        open_still = on_hold and hold is holds[-1]
        yield hold.starts_on, until if open_still or hold.ends_on is None else min(hold.ends_on, until)
    since: date | None = None
    events = tx.session.scalars(
        select(SubscriptionEvent)
        .where(
            SubscriptionEvent.subscription_id == subscription.id,
            SubscriptionEvent.kind.in_(["suspend", "resume", "resume_trial"]),
        )
        .order_by(SubscriptionEvent.id)
    )
    for event in events:
        if event.kind == "suspend":
            since = event.effective_on if event.details.get("because") == SuspendedBy.DEBT else None
        elif since is not None:
            yield since, min(event.effective_on, until)
            since = None
    if since is not None:
        yield since, until


def _days(start: date, end: date) -> Iterator[date]:
    return (start + timedelta(days=number) for number in range((end - start).days))
