"""Let a suspended subscription's lines run again, whatever had stopped them: as staff decide."""

from billhead.actions.subscriptions._state import visible_subscription
from billhead.actions.subscriptions._stopping import start_again
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict
from billhead.domain.subscription import State

__all__ = ["lift_suspension"]


@verb("subscriptions.lift_suspension", permission="subscriptions.write")
def lift_suspension(tx: Tx, subscription_id: int) -> None:
    """What is owed stays owed. Raises NotFound, or Conflict where nothing is to be lifted."""
    subscription = visible_subscription(tx, subscription_id)
    if subscription.state != State.SUSPENDED:
        raise Conflict(f"This subscription is {subscription.state}: there is nothing to lift.")
    start_again(tx, subscription)
