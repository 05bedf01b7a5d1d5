"""Buy a credit package: an order that becomes credits when it is paid, once, and not before."""

from dataclasses import dataclass

from sqlalchemy import select

from billhead.actions.resellers._ordering import place_order
from billhead.actions.resellers._packages import package_of
from billhead.actions.resellers._tree import lock_resellers
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import NotFound
from billhead.models.people import Customer

__all__ = ["CreditsOrdered", "buy_credits"]


@dataclass(frozen=True, slots=True)
class CreditsOrdered:
    """`document_id` is what is to be paid; `credits_minor` come with the payment."""

    document_id: int
    credits_minor: int


@verb("resellers.buy_credits")
def buy_credits(tx: Tx, reseller_id: int, package: str) -> CreditsOrdered:
    """For the reseller itself, whoever stands above it, or staff. An order that waits unpaid is returned as it is.

    Raises NotFound (a reseller out of sight, a package that is not for its tier, no price in its currency) or
    NotAllowed (suspended).
    """
    (reseller,) = lock_resellers(tx, reseller_id)
    customer = tx.session.scalar(select(Customer).where(Customer.buys_for_reseller_id == reseller.id))
    if customer is None:
        raise NotFound("customer who buys for", reseller.name)
    plan = package_of(tx.session, reseller, package)
    order = place_order(tx, customer, plan, plan.credits_minor)
    return CreditsOrdered(order.document_id, order.credits_minor)
