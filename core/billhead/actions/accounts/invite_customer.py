"""A customer that has no login gets one, or the link to its first password once more."""

from dataclasses import dataclass

from billhead.actions.accounts._inviting import invite
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import NotFound
from billhead.models.people import Customer

__all__ = ["Invited", "invite_customer"]


@dataclass(frozen=True, slots=True)
class Invited:
    user_id: int


@verb("accounts.invite_customer", permission="customers.write")
def invite_customer(tx: Tx, customer_id: int) -> Invited:
    """Mail the welcome with a link that holds three days, to the customer's address. Links from before end.

    Raises NotFound, InvalidInput (`email`: none, or another login's) or Conflict (it has set a password already).
    """
    customer = tx.session.get(Customer, customer_id, with_for_update=True)
    if customer is None or customer.erased_at is not None:
        raise NotFound("customer", customer_id)
    user = invite(tx, customer, "welcome")
    note(tx, f"customer:{customer_id}", email=user.email)
    return Invited(user.id)
