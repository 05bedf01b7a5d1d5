"""Book money that the reseller has seen arrive for a document of its own shop: in its bank, or in its hand."""

from billhead.actions.payments.book_transfer import Booked, book_transfer
from billhead.actions.shops._own import for_buyer
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.models.documents import Document

__all__ = ["book_shop_money"]


@verb("shops.book_money")
def book_shop_money(
    tx: Tx, reseller_id: int, document_id: int, account_id: int, amount_minor: int, currency: str, reference: str
) -> Booked:
    """Raises NotFound (also for another shop's document or account), NotAllowed (suspended, no right to a shop), and
    what `book_transfer` refuses."""
    row = tx.session.get(Document, document_id)
    buyer = row.customer_id if row is not None else None
    staff = for_buyer(tx, reseller_id, buyer, "payments.write", "document", document_id)
    return book_transfer(staff, document_id, account_id, amount_minor, currency, reference)
