"""Put a customer into another price group, or into none."""

from dataclasses import dataclass

from billhead.actions.accounts._price_groups import checked_group
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import NotFound
from billhead.models.people import Customer

__all__ = ["PriceGroupSet", "set_price_group"]


@dataclass(frozen=True, slots=True)
class PriceGroupSet:
    customer_id: int
    price_group: str


@verb("accounts.set_price_group", permission="customers.write")
def set_price_group(tx: Tx, customer_id: int, price_group: str) -> PriceGroupSet:
    """From the next order or change of plan on; what runs keeps its price. Dunning goes by the group's table at once.

    Raises NotFound, or InvalidInput: nothing of the seller is for this group.
    """
    customer = tx.session.get(Customer, customer_id, with_for_update=True)
    if customer is None:
        raise NotFound("customer", customer_id)
    group, before = checked_group(tx.session, customer.seller_id, price_group), customer.price_group
    customer.price_group = group
    note(tx, f"customer:{customer_id}", before=before, after=group)
    return PriceGroupSet(customer_id, group)
