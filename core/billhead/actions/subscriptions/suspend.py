"""Stop a subscription's lines, for debt or by staff. Only what debt has stopped, a payment starts again."""

from dataclasses import dataclass

from billhead import clock
from billhead.actions.events import emit
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.provisioning.want import want
from billhead.actions.subscriptions._state import live_services, move, visible_subscription
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.subscription import Event, State, SuspendedBy

__all__ = ["Suspended", "suspend"]


@dataclass(frozen=True, slots=True)
class Suspended:
    subscription_id: int
    changed: bool


@verb("subscriptions.suspend", permission="subscriptions.write")
def suspend(tx: Tx, subscription_id: int, because: str) -> Suspended:
    """Block the lines on their panels and write no new invoices. `because`: debt, staff or customer.

    A subscription that is suspended already stays as it is, except that staff's reason outweighs debt.
    """
    reason = SuspendedBy(because)
    subscription = visible_subscription(tx, subscription_id)
    if subscription.state == State.SUSPENDED:
        outweighs = reason is SuspendedBy.STAFF and subscription.suspended_for == SuspendedBy.DEBT
        if outweighs:
            subscription.suspended_for = reason.value
        return Suspended(subscription_id, outweighs)
    today = clock.today_in(subscription.zone)
    move(tx, subscription, Event.SUSPEND, today, because=reason.value)
    subscription.suspended_for = reason.value
    for service in live_services(tx, subscription):
        want(tx, service, desired_blocked=True)
    data = {"subscription_id": subscription.id, "because": reason.value}
    emit(tx, "subscription.suspended", f"subscription:{subscription.id}", data)
    key = f"suspended:{subscription.id}:{today.isoformat()}"
    queue_notice(tx, subscription.customer_id, "suspended", key, data)
    return Suspended(subscription_id, True)
