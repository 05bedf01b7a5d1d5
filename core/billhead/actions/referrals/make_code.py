"""The code in a customer's own link, made once."""

from dataclasses import dataclass

from billhead.actions.access._codes import new_code
from billhead.actions.referrals._refer import rules_for
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, NotFound
from billhead.models.people import Customer
from billhead.models.referrals import ReferralCode

__all__ = ["OwnCode", "make_code"]


@dataclass(frozen=True, slots=True)
class OwnCode:
    customer_id: int
    code: str


@verb("referrals.make_code")
def make_code(tx: Tx, customer_id: int) -> OwnCode:
    """The one that is there already, or a new one. Raises NotFound, or Conflict where nothing is offered."""
    customer = tx.session.get(Customer, customer_id, with_for_update=True)
    if customer is None or not (tx.ctx.scope.everything or tx.ctx.scope.customer_id == customer_id):
        raise NotFound("customer", customer_id)
    if rules_for(tx.session, customer) is None:
        raise Conflict("referring friends is not offered here")
    row = tx.session.get(ReferralCode, customer_id)
    if row is None:
        row = ReferralCode(customer_id=customer_id, code=new_code())
        tx.session.add(row)
        tx.session.flush()
    return OwnCode(customer_id, row.code)
