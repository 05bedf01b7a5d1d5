"""Let a suspended subscription's lines run again."""

from dataclasses import dataclass
from datetime import date

from billhead import clock
from billhead.actions.events import emit
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.provisioning.want import want
from billhead.actions.subscriptions._free_time import free_time
from billhead.actions.subscriptions._state import live_services, move, visible_subscription
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.subscription import Event, State
from billhead.models.subscriptions import Subscription

__all__ = ["Restored", "restore"]


@dataclass(frozen=True, slots=True)
class Restored:
    subscription_id: int
    changed: bool


@verb("subscriptions.restore", permission="subscriptions.write")
def restore(tx: Tx, subscription_id: int, because: str) -> Restored:
    """Unblock the lines if the reason of the suspension is `because`; another reason keeps them blocked.

    So a payment (`debt`) never lifts what staff or the customer has stopped.
    """
    subscription = visible_subscription(tx, subscription_id)
    if subscription.state != State.SUSPENDED or subscription.suspended_for != because:
        return Restored(subscription_id, False)
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
    return Restored(subscription_id, True)


def _skip_what_was_stopped(tx: Tx, subscription: Subscription, today: date) -> None:
    """No invoices for periods in which the lines stood still: billing goes on from today, in the rhythm of before."""
    billed = subscription.billed_through
    if subscription.timing == "advance" and subscription.collection == "auto" and billed and billed < today:
        free_time(tx, subscription, "debt", billed, today)
        subscription.billed_through = subscription.next_bill_on = today
