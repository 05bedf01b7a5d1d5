"""A reseller stops a subscriber's lines for a while. The paid time runs on meanwhile."""

from collections.abc import Collection
from dataclasses import dataclass

from billhead.actions.resellers._users import Paying, of_each, of_one, with_payers
from billhead.actions.subscriptions._stopping import stop
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import BillheadError, Conflict
from billhead.domain.subscription import RUNNING, State, SuspendedBy
from billhead.models.subscriptions import Subscription

__all__ = ["UserDisabled", "disable_user", "preview_disable_users"]


@dataclass(frozen=True, slots=True)
class UserDisabled:
    subscription_id: int


def preview_disable_users(tx: Tx, subscriptions: Collection[int]) -> dict[int, Subscription | BillheadError]:
    """What `disable_user` would stop of each, without doing it, or what it would raise."""

    def check(one: Paying) -> Subscription:
        if State(one.subscription.state) not in RUNNING:
            raise Conflict(f"this subscription is {one.subscription.state}: there is nothing to disable")
        return one.subscription

    return of_each(with_payers(tx, subscriptions), check)


@verb("resellers.disable_user")
def disable_user(tx: Tx, subscription_id: int) -> UserDisabled:
    """Raises NotFound, NotAllowed (suspended) or Conflict (it does not run)."""
    subscription = of_one(preview_disable_users(tx, [subscription_id]), subscription_id)
    stop(tx, subscription, SuspendedBy.RESELLER)
    return UserDisabled(subscription.id)
