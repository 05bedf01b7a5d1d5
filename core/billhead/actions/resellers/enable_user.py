"""A reseller lets the lines run again that it has stopped; what staff has stopped stays so."""

from dataclasses import dataclass

from billhead.actions.resellers._users import with_payer
from billhead.actions.subscriptions._stopping import start_again
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, NotAllowed
from billhead.domain.subscription import State, SuspendedBy

__all__ = ["UserEnabled", "enable_user"]


@dataclass(frozen=True, slots=True)
class UserEnabled:
    subscription_id: int


@verb("resellers.enable_user")
def enable_user(tx: Tx, subscription_id: int) -> UserEnabled:
    """Raises NotFound, NotAllowed (suspended, or not stopped by a reseller) or Conflict (it is not disabled)."""
    subscription, _ = with_payer(tx, subscription_id)
    if subscription.state != State.SUSPENDED:
        raise Conflict(f"this subscription is {subscription.state}, not disabled")
    if subscription.suspended_for != SuspendedBy.RESELLER:
        raise NotAllowed("the operator has stopped this subscription: ask there", code="stopped_by_operator")
    start_again(tx, subscription)
    return UserEnabled(subscription.id)
