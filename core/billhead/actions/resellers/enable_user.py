"""A reseller lets the lines run again that it has stopped; what staff has stopped stays so."""

from collections.abc import Collection
from dataclasses import dataclass

from billhead.actions.resellers._users import Paying, of_each, of_one, with_payers
from billhead.actions.subscriptions._stopping import start_again
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import BillheadError, Conflict, NotAllowed
from billhead.domain.subscription import State, SuspendedBy
from billhead.models.subscriptions import Subscription

__all__ = ["UserEnabled", "enable_user", "preview_enable_users"]


@dataclass(frozen=True, slots=True)
class UserEnabled:
    subscription_id: int


def preview_enable_users(tx: Tx, subscriptions: Collection[int]) -> dict[int, Subscription | BillheadError]:
    """What `enable_user` would let run of each, without doing it, or what it would raise."""

    def check(one: Paying) -> Subscription:
        subscription = one.subscription
        if subscription.state != State.SUSPENDED:
            raise Conflict(f"this subscription is {subscription.state}, not disabled")
        if subscription.suspended_for != SuspendedBy.RESELLER:
            raise NotAllowed("the operator has stopped this subscription: ask there", code="stopped_by_operator")
        return subscription

    return of_each(with_payers(tx, subscriptions), check)


@verb("resellers.enable_user")
def enable_user(tx: Tx, subscription_id: int) -> UserEnabled:
    """Raises NotFound, NotAllowed (suspended, or not stopped by a reseller) or Conflict (it is not disabled)."""
    subscription = of_one(preview_enable_users(tx, [subscription_id]), subscription_id)
    start_again(tx, subscription)
    return UserEnabled(subscription.id)
