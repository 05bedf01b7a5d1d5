"""Give up on a debt: it is a loss. Money that comes for it later brings the whole debt back first."""

from dataclasses import dataclass

from billhead import clock
from billhead.actions.documents._days_bought import let_days_follow
from billhead.actions.documents._write_off import close_debt
from billhead.actions.payments._allocating import locked_documents
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.document import Kind
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.models.sellers import Seller

__all__ = ["WrittenOff", "write_off"]


@dataclass(frozen=True, slots=True)
class WrittenOff:
    """Minor units: `lost_minor` is the loss, `tax_minor` is taken off the tax that is owed, by the seller's policy."""

    document_id: int
    number_text: str
    lost_minor: int
    tax_minor: int


@verb("documents.write_off", permission="money.write_off")
def write_off(tx: Tx, document_id: int, *, reason: str) -> WrittenOff:
    """Write off what is open on an invoice. What was paid of it stays paid, what it earned stays earned.

    Raises NotFound, InvalidInput (no reason), or Conflict and IllegalTransition when nothing is owed on it.
    """
    if not reason.strip():
        raise InvalidInput("reason", "is needed")
    document = locked_documents(tx, [document_id]).get(document_id)
    if document is None:
        raise NotFound("document", document_id)
    if document.kind != Kind.INVOICE:
        raise Conflict(f"{document.number_text or document_id} is a {document.kind}: only an invoice is a debt")
    lost, tax = close_debt(tx, document, clock.today_in(tx.session.get_one(Seller, document.seller_id).zone))
    let_days_follow(tx, document.id)
    return WrittenOff(document.id, document.number_text, lost, tax)
