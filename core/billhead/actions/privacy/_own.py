"""Whose data it is: the customer's own, or that of customers whom staff look after."""

from billhead.db import Tx
from billhead.domain.errors import Conflict, NotAllowed, NotFound
from billhead.domain.rights import STRICTEST
from billhead.models.people import Customer

__all__ = ["DECIDES", "check_own", "person_to_decide"]

DECIDES = "privacy.write"


def check_own(tx: Tx, customer_id: int) -> None:
    if tx.ctx.scope.customer_id != customer_id and not tx.ctx.may("customers.write"):
        raise NotAllowed(f"{tx.ctx.actor} may not decide about the data of customer {customer_id}")


def person_to_decide(tx: Tx, customer_id: int) -> Customer:
    """Locked. The main login decides, or staff. Raises NotAllowed, NotFound, Conflict for one that was erased."""
    own = tx.ctx.scope.customer_id == customer_id and tx.ctx.may(STRICTEST)
    if not own and not tx.ctx.may(DECIDES):
        raise NotAllowed(f"{tx.ctx.actor} may not copy or erase the data of customer {customer_id}: it needs {DECIDES}")
    customer = tx.session.get(Customer, customer_id, with_for_update=True)
    if customer is None:
        raise NotFound("customer", customer_id)
    if customer.erased_at is not None:
        raise Conflict(f"customer {customer_id} was erased")
    return customer
