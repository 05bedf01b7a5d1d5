"""A reseller stops a subscriber's lines for a while. The paid time runs on meanwhile."""

from dataclasses import dataclass

from billhead.actions.resellers._users import with_payer
from billhead.actions.subscriptions._stopping import stop
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict
from billhead.domain.subscription import RUNNING, State, SuspendedBy
from billhead.models.subscriptions import Subscription

__all__ = ["UserDisabled", "disable_user", "preview_disable_user"]


@dataclass(frozen=True, slots=True)
class UserDisabled:
    subscription_id: int


def preview_disable_user(tx: Tx, subscription_id: int) -> Subscription:
    """What `disable_user` would stop, without doing it."""
    subscription, _ = with_payer(tx, subscription_id)
    if State(subscription.state) not in RUNNING:
        raise Conflict(f"this subscription is {subscription.state}: there is nothing to disable")
    return subscription


@verb("resellers.disable_user")
def disable_user(tx: Tx, subscription_id: int) -> UserDisabled:
    """Raises NotFound, NotAllowed (suspended) or Conflict (it does not run)."""
    subscription = preview_disable_user(tx, subscription_id)
    stop(tx, subscription, SuspendedBy.RESELLER)
    return UserDisabled(subscription.id)
