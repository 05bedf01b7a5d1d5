"""Drop an order of credit that nobody has paid: a customer's top-up, or a reseller's package."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from billhead.actions.credits._lending import lent_to, take_back
from billhead.actions.credits._top_up import is_top_up
from billhead.actions.documents._moving import moved
from billhead.actions.events import emit
from billhead.actions.payments._allocating import locked_documents
from billhead.actions.payments._attempts import refuse_under_way
from billhead.actions.resellers._given import is_reseller_order
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.context import Context, Scope
from billhead.domain.document import Event, Kind, ProformaEvent, ProformaState
from billhead.domain.errors import Conflict, NotFound
from billhead.domain.money import Money
from billhead.domain.payment import UNRESOLVED
from billhead.models.credits import AutoTopUp
from billhead.models.documents import Document
from billhead.models.people import Customer

__all__ = ["OrderDropped", "drop_order", "preview_drop_order"]


@dataclass(frozen=True, slots=True)
class OrderDropped:
    document_id: int


def preview_drop_order(session: Session, ctx: Context, document_id: int) -> Money:
    """What nobody has to pay then. Raises as `drop_order` does."""
    document = session.get(Document, document_id)
    _check(session, ctx, document, document_id)
    assert document is not None, "it was checked"
    return Money(document.total_minor, document.currency)


@verb("credits.drop_order")
def drop_order(tx: Tx, document_id: int) -> OrderDropped:
    """For whoever made it, or staff. Money that comes for it later all the same is credit of the customer. What was
    there at once goes.

    Raises NotFound (also for what is no order of credit, or came by itself) and Conflict: it is paid, dropped or over
    already, a payment is under way, or some of what was there at once is spent.
    """
    document = locked_documents(tx, [document_id]).get(document_id)
    _check(tx.session, tx.ctx, document, document_id)
    assert document is not None, "it was checked"
    moved(document, Event.VOID, ProformaEvent.VOID)
    take_back(tx, document_id)
    data = {"document_id": document.id, "customer_id": document.customer_id}
    emit(tx, "document.voided", f"document:{document.id}", data)
    return OrderDropped(document_id)


def _check(session: Session, ctx: Context, document: Document | None, document_id: int) -> None:
    if document is None or not _made_by(session, ctx.scope, document):
        raise NotFound("document", document_id)
    bought = is_top_up(session, document) and session.get(AutoTopUp, document_id) is None
    if document.kind != Kind.PROFORMA or not (bought or is_reseller_order(session, document_id)):
        raise NotFound("document", document_id)
    if document.state != ProformaState.OPEN:
        raise Conflict("this order does not wait to be paid any more")
    # nor while its payer is at the gateway: what is paid there would bring no bonus, and a reseller no credits. Staff
    # who can't wait for that void it
    refuse_under_way(session, document, UNRESOLVED)
    if any(one.spent_minor for one in lent_to(session, document.customer_id) if one.document_id == document_id):
        raise Conflict("some of this credit is spent: it is to be paid")


def _made_by(session: Session, scope: Scope, document: Document) -> bool:
    """Staff see all; a customer its own; a reseller what the customer has ordered that buys for it."""
    if scope.everything or scope.customer_id == document.customer_id:
        return True
    buys_for = session.get_one(Customer, document.customer_id).buys_for_reseller_id
    return scope.reseller_id is not None and scope.reseller_id == buys_for
