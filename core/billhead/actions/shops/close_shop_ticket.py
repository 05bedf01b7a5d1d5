"""A reseller closes a ticket of its shop."""

from billhead.actions.shops._own import as_operator, lock_shop
from billhead.actions.support.close_ticket import Closed, close_ticket
from billhead.actions.verb import verb
from billhead.db import Tx

__all__ = ["close_shop_ticket"]


@verb("shops.close_ticket")
def close_shop_ticket(tx: Tx, reseller_id: int, ticket_id: int) -> Closed:
    """Raises NotFound (also for a ticket that is not of its shop) or NotAllowed (suspended)."""
    lock_shop(tx, reseller_id)
    return close_ticket(as_operator(tx, "tickets.write"), ticket_id)
