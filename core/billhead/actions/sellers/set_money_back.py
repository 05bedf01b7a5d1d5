"""How a seller gives money back: what a credit note pays first, what chargebacks, bad debts and ends mean."""

from dataclasses import asdict, dataclass

from billhead.actions.payments._policy import MoneyBack, money_back_of
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import NotFound
from billhead.models.sellers import Seller

__all__ = ["MoneyBack", "MoneyBackSet", "set_money_back"]


@dataclass(frozen=True, slots=True)
class MoneyBackSet:
    seller_id: int


@verb("sellers.set_money_back", permission="sellers.write")
def set_money_back(tx: Tx, seller_id: int, policy: MoneyBack) -> MoneyBackSet:
    """It holds for what is corrected, charged back or lost from now on. Raises NotFound."""
    seller = tx.session.get(Seller, seller_id, with_for_update=True)
    if seller is None:
        raise NotFound("seller", seller_id)
    before = asdict(money_back_of(seller))
    seller.money_back = asdict(policy)
    note(tx, f"seller:{seller_id}", before=before, after=seller.money_back)
    return MoneyBackSet(seller_id)
