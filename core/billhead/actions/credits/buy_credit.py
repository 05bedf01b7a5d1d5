"""Buy credit ahead: an order over the amount, which becomes credit when it is paid and not before."""

from dataclasses import dataclass

from sqlalchemy import select

from billhead.actions.credits._top_up import NOT_SOLD, is_top_up, order_credit, terms_of
from billhead.actions.documents._moving import moved
from billhead.actions.payments._attempts import under_way
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.document import Event, Kind, ProformaEvent, ProformaState
from billhead.domain.errors import Conflict, CurrencyMismatch, NotFound
from billhead.domain.money import Money
from billhead.domain.payment import UNRESOLVED
from billhead.models.credits import AutoTopUp
from billhead.models.documents import Document
from billhead.models.people import Customer
from billhead.models.sellers import Seller

__all__ = ["CreditOrdered", "buy_credit"]


@dataclass(frozen=True, slots=True)
class CreditOrdered:
    document_id: int


@verb("credits.buy")
def buy_credit(tx: Tx, customer_id: int, amount: Money) -> CreditOrdered:
    """Customers may, for themselves. An order that waits unpaid gives way to this one: there is one at a time.

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
    for document in _waiting(tx, customer_id):
        moved(document, Event.VOID, ProformaEvent.VOID)
    return CreditOrdered(order_credit(tx, customer, amount))


def _waiting(tx: Tx, customer_id: int) -> list[Document]:
    """Earlier orders of credit that nobody is paying just now."""
    by_itself = select(AutoTopUp.document_id).where(AutoTopUp.customer_id == customer_id)
    rows = tx.session.scalars(
        select(Document)
        .where(
            Document.customer_id == customer_id,
            Document.kind == Kind.PROFORMA.value,
            Document.state == ProformaState.OPEN.value,
            Document.subscription_id.is_(None),
            Document.id.not_in(by_itself),
            ~under_way(UNRESOLVED),
        )
        .with_for_update(of=Document)
    ).all()
    return [row for row in rows if is_top_up(tx.session, row)]
