"""Let a suspended subscription's lines run again."""

from dataclasses import dataclass

from billhead.actions.subscriptions._state import visible_subscription
from billhead.actions.subscriptions._stopping import start_again
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.subscription import State

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
    start_again(tx, subscription)
    return Restored(subscription_id, True)
