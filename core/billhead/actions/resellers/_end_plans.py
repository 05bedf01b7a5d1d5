"""What ending a reseller's subscribers brings back, for as many as are asked for in a few queries."""

from collections.abc import Collection
from dataclasses import dataclass

from billhead.actions.resellers._rights import effective_rights_of
from billhead.actions.resellers._unused import giving_back, unused_of
from billhead.actions.resellers._users import Paying, of_each, with_payers
from billhead.db import Tx
from billhead.domain.errors import BillheadError, NotAllowed

__all__ = ["UserTerminated", "planned_ends"]


@dataclass(frozen=True, slots=True)
class UserTerminated:
    """`returned_minor` credits, in hundredths, went back. What is still held goes back when the line is proven gone."""

    subscription_id: int
    returned_minor: int


def planned_ends(tx: Tx, subscriptions: Collection[int]) -> dict[int, UserTerminated | BillheadError]:
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
