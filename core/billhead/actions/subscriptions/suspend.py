"""Stop a subscription's lines, for debt or by staff. Only what debt has stopped, a payment starts again."""

from dataclasses import dataclass

from billhead.actions.subscriptions._state import visible_subscription
from billhead.actions.subscriptions._stopping import stop
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.subscription import State, SuspendedBy

__all__ = ["Suspended", "suspend"]


_OUTWEIGHED = (SuspendedBy.DEBT, SuspendedBy.RESELLER, SuspendedBy.PAYER)


@dataclass(frozen=True, slots=True)
class Suspended:
    subscription_id: int
    changed: bool


@verb("subscriptions.suspend", permission="subscriptions.write")
def suspend(tx: Tx, subscription_id: int, because: str) -> Suspended:
    """Block the lines on their panels and write no new invoices. `because`: debt, staff or customer.

    A subscription that is suspended already stays as it is, except that staff's reason outweighs debt and resellers'.
    """
    reason = SuspendedBy(because)
    subscription = visible_subscription(tx, subscription_id)
    if subscription.state == State.SUSPENDED:
        outweighs = reason is SuspendedBy.STAFF and subscription.suspended_for in _OUTWEIGHED
        if outweighs:
            subscription.suspended_for = reason.value
        return Suspended(subscription_id, outweighs)
    stop(tx, subscription, reason)
    return Suspended(subscription_id, True)
