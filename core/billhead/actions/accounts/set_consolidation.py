"""Whether a customer gets one invoice for all that is due at once, or one for each subscription."""

from dataclasses import dataclass

from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import NotFound
from billhead.models.people import Customer

__all__ = ["ConsolidationSet", "set_consolidation"]


@dataclass(frozen=True, slots=True)
class ConsolidationSet:
    customer_id: int
    consolidate: bool


@verb("customers.set_consolidation", permission="customers.write")
def set_consolidation(tx: Tx, customer_id: int, consolidate: bool) -> ConsolidationSet:
    """From the next run on. Raises NotFound."""
    customer = tx.session.get(Customer, customer_id, with_for_update=True)
    if customer is None:
        raise NotFound("customer", customer_id)
    customer.consolidate = consolidate
    return ConsolidationSet(customer_id, consolidate)
