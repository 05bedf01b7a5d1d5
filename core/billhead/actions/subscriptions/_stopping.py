"""Stopping the lines of a subscription and letting them run again, for whoever may decide that."""

from datetime import date

from sqlalchemy import select

from billhead import clock
from billhead.actions.events import emit
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.provisioning.want import want
from billhead.actions.subscriptions._free_time import free_time
from billhead.actions.subscriptions._state import live_services, move
from billhead.db import Tx
from billhead.domain.subscription import Event, SuspendedBy
from billhead.models.subscriptions import FreeTime, Subscription

__all__ = ["start_again", "stop"]


def stop(tx: Tx, subscription: Subscription, reason: SuspendedBy) -> None:
    """Block the lines on their panels, and tell the customer. No new invoices are written meanwhile."""
    today = clock.today_in(subscription.zone)
    move(tx, subscription, Event.SUSPEND, today, because=reason.value)
    subscription.suspended_for = reason.value
    if subscription.timing == "arrears":  # what was billed in advance before that stays
        free_time(tx, subscription, "debt", max(today, subscription.billed_through or today), None)
    for service in live_services(tx, subscription):
        want(tx, service, desired_blocked=True)
    data = {"subscription_id": subscription.id, "because": reason.value}
    emit(tx, "subscription.suspended", f"subscription:{subscription.id}", data)
    key = f"suspended:{subscription.id}:{today.isoformat()}"
    queue_notice(tx, subscription.customer_id, "suspended", key, data)


def start_again(tx: Tx, subscription: Subscription) -> None:
    """Unblock the lines, and tell the customer. What lay in between is not billed."""
    today = clock.today_in(subscription.zone)
    move(tx, subscription, Event.RESUME_TRIAL if subscription.phase == "trial" else Event.RESUME, today)
    subscription.suspended_for = ""
    _skip_what_was_stopped(tx, subscription, today)
    for service in live_services(tx, subscription):
        want(tx, service, desired_blocked=False)
    data = {"subscription_id": subscription.id}
    emit(tx, "subscription.restored", f"subscription:{subscription.id}", data)
    key = f"restored:{subscription.id}:{today.isoformat()}"
    queue_notice(tx, subscription.customer_id, "restored", key, data)


def _skip_what_was_stopped(tx: Tx, subscription: Subscription, today: date) -> None:
    """No invoices for periods in which the lines stood still: billing goes on from today, in the rhythm of before.

    What is billed afterwards has the days before still to be billed: only those that stood still are left out.
    """
    if subscription.timing == "arrears":
        still = FreeTime.subscription_id == subscription.id, FreeTime.why == "debt", FreeTime.ends_on.is_(None)
        for row in tx.session.scalars(select(FreeTime).where(*still)):
            row.ends_on = max(today, row.starts_on)
    billed = subscription.billed_through
    if subscription.timing == "advance" and subscription.collection == "auto" and billed and billed < today:
        free_time(tx, subscription, "debt", billed, today)
        subscription.billed_through = subscription.next_bill_on = today
