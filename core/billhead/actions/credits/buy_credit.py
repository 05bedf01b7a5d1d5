"""Buy credit ahead: an order over the amount, which becomes credit when it is paid, or at once for who is trusted."""

from dataclasses import dataclass

from billhead.actions.credits._lending import lend, room, take_back
from billhead.actions.credits._top_up import NOT_SOLD, order_credit, terms_of, waiting_orders
from billhead.actions.documents._moving import moved
from billhead.actions.payments._attempts import under_way
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.document import Event, ProformaEvent
from billhead.domain.errors import Conflict, CurrencyMismatch, NotFound
from billhead.domain.money import Money
from billhead.domain.payment import UNRESOLVED
from billhead.models.documents import Document
from billhead.models.people import Customer
from billhead.models.sellers import Seller

__all__ = ["CreditOrdered", "buy_credit"]


@dataclass(frozen=True, slots=True)
class CreditOrdered:
    """`lent_minor`: what of it is credit already, all of it or nothing."""

    document_id: int
    lent_minor: int


@verb("credits.buy")
def buy_credit(tx: Tx, customer_id: int, amount: Money) -> CreditOrdered:
    """Customers may, for themselves. An order that waits unpaid gives way to this one: there is one at a time. Within
    what the customer is trusted with the credit is there at once, and the order is open to be paid.

    Raises NotFound, InvalidInput (the amount), CurrencyMismatch, or Conflict where credit is not sold.
    """
    customer = tx.session.get(Customer, customer_id, with_for_update=True)
    if customer is None or not (tx.ctx.scope.everything or tx.ctx.scope.customer_id == customer_id):
        raise NotFound("customer", customer_id)
    terms = terms_of(tx.session.get_one(Seller, customer.seller_id), customer.currency)
    if terms is None:
        raise Conflict(NOT_SOLD, code="no_top_ups")
    if amount.currency != customer.currency:
        raise CurrencyMismatch(customer.currency, amount.currency)
    terms.check(amount)
    nobody_pays = waiting_orders(customer_id).where(~under_way(UNRESOLVED))
    gives_way = tx.session.scalars(nobody_pays.with_for_update(of=Document)).all()
    at_once = amount.minor <= room(tx.session, customer, [one.id for one in gives_way])
    for document in gives_way:
        moved(document, Event.VOID, ProformaEvent.VOID)
        take_back(tx, document.id)
    order_id = order_credit(tx, customer, amount)
    if at_once:
        lend(tx, customer, order_id, amount)
    return CreditOrdered(order_id, amount.minor if at_once else 0)
