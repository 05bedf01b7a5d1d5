"""A reseller lets the lines run again that it has stopped; what staff has stopped stays so."""

from dataclasses import dataclass

from billhead.actions.resellers._users import with_payer
from billhead.actions.subscriptions._stopping import start_again
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, NotAllowed
from billhead.domain.subscription import State, SuspendedBy
from billhead.models.subscriptions import Subscription

__all__ = ["UserEnabled", "enable_user", "preview_enable_user"]


@dataclass(frozen=True, slots=True)
class UserEnabled:
    subscription_id: int


def preview_enable_user(tx: Tx, subscription_id: int) -> Subscription:
    """What `enable_user` would let run, without doing it."""
    subscription, _ = with_payer(tx, subscription_id)
    if subscription.state != State.SUSPENDED:
        raise Conflict(f"this subscription is {subscription.state}, not disabled")
    if subscription.suspended_for != SuspendedBy.RESELLER:
        raise NotAllowed("the operator has stopped this subscription: ask there", code="stopped_by_operator")
    return subscription


@verb("resellers.enable_user")
def enable_user(tx: Tx, subscription_id: int) -> UserEnabled:
    """Raises NotFound, NotAllowed (suspended, or not stopped by a reseller) or Conflict (it is not disabled)."""
    subscription = preview_enable_user(tx, subscription_id)
    start_again(tx, subscription)
    return UserEnabled(subscription.id)
