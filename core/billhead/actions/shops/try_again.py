"""An order that its panel has refused is tried again, when what was missing there has been mended."""

from dataclasses import dataclass

from billhead.actions.resellers._tree import lock_resellers
from billhead.actions.shops._own import check_staff
from billhead.actions.shops._supplying import queue_supply
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, NotFound
from billhead.models.shops import ShopSupply
from billhead.models.subscriptions import Subscription

__all__ = ["TriedAgain", "try_again"]


@dataclass(frozen=True, slots=True)
class TriedAgain:
    supply_id: int
    reseller_id: int


@verb("shops.try_again")
def try_again(tx: Tx, reseller_id: int, supply_id: int) -> TriedAgain:
    """It waits for its credits as on the first day: what went back meanwhile is dropped, what is over takes none.

    Raises NotFound (out of sight, or another's order), NotAllowed (suspended, or staff without resellers.write), or
    Conflict: it was not refused.
    """
    check_staff(tx)
    found = tx.session.get(ShopSupply, supply_id)
    if found is not None:  # in the order in which everybody locks them
        tx.session.get_one(Subscription, found.subscription_id, with_for_update=True)
    (reseller,) = lock_resellers(tx, reseller_id)
    if found is None or found.reseller_id != reseller.id:
        raise NotFound("order", supply_id)
    row = tx.session.get_one(ShopSupply, supply_id, with_for_update=True, populate_existing=True)
    if row.state != "refused":
        raise Conflict(f"this order is {row.state}: only what a panel has refused is tried again")
    row.state, row.why, row.hold_id, row.settled_at = "waiting", "", None, None
    queue_supply(tx, reseller.id)
    return TriedAgain(row.id, reseller.id)
