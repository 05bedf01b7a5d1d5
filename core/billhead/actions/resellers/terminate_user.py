"""A reseller ends a subscriber's subscription at once; unused credits go back where its rights say so."""

from collections.abc import Collection
from dataclasses import dataclass

from billhead.actions.resellers._holds import return_unused
from billhead.actions.resellers._rights import effective_rights_of
from billhead.actions.resellers._unused import giving_back, unused, unused_of
from billhead.actions.resellers._users import Paying, of_each, of_one, paid_with_credits, with_payers
from billhead.actions.subscriptions.cancel import cancel
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import BillheadError, NotAllowed

__all__ = ["UserTerminated", "preview_terminate_user", "preview_terminate_users", "terminate_user"]


@dataclass(frozen=True, slots=True)
class UserTerminated:
    """`returned_minor` credits, in hundredths, went back. What is still held goes back when the line is proven gone."""

    subscription_id: int
    returned_minor: int


def preview_terminate_user(tx: Tx, subscription_id: int) -> UserTerminated:
    """What `terminate_user` would do, without doing it."""
    return of_one(preview_terminate_users(tx, [subscription_id]), subscription_id)


def preview_terminate_users(tx: Tx, subscriptions: Collection[int]) -> dict[int, UserTerminated | BillheadError]:
    """What `terminate_user` would do to each, without doing it, or what it would raise."""
    payers = with_payers(tx, subscriptions, paid_before=True)  # what comes back may be an earlier payer's
    found = [one for one in payers.values() if isinstance(one, Paying)]
    rights = effective_rights_of(tx.session, {one.reseller.id for one in found})
    back = giving_back(tx, [(rights[one.reseller.id], one.subscription) for one in found])
    left = unused_of(tx, [one.subscription for one in found if one.subscription.id in back])

    def check(one: Paying) -> UserTerminated:
        if not (tx.ctx.scope.everything or rights[one.reseller.id].terminate):
            raise NotAllowed(f"{one.reseller.name} may not terminate: it can let the subscription run out")
        key = one.subscription.id
        return UserTerminated(key, sum(part.minor for _, part in left.get(key, ())))

    return of_each(payers, check)


@verb("resellers.terminate_user")
def terminate_user(tx: Tx, subscription_id: int) -> UserTerminated:
    """Needs the right `terminate`. With the right `refund_unused`, each term gives back credits × unused days ÷ days,
    rounded down; a day that has begun is used, and trials give nothing back. `refund_only_unwatched`: only where
    nothing was ever watched on its lines, as far as their panels have told.

    Raises NotFound, NotAllowed or Conflict (it has ended already, or is not paid with credits).
    """
    planned = preview_terminate_user(tx, subscription_id)
    back = unused(tx, paid_with_credits(tx, subscription_id)) if planned.returned_minor else []
    cancel(tx, subscription_id, "immediate")
    for held, part in back:
        return_unused(tx, held, part)
    return planned
