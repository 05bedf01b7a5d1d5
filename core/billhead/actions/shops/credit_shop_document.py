"""Give money back on an invoice of the own shop: the credit note that staff write for the operator's."""

from collections.abc import Sequence

from billhead.actions.documents.issue_credit_note import Correction, Credited, issue_credit_note
from billhead.actions.shops._own import for_buyer
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.models.documents import Document

__all__ = ["credit_shop_document"]


@verb("shops.credit_document")
def credit_shop_document(
    tx: Tx,
    reseller_id: int,
    document_id: int,
    corrections: Sequence[Correction] = (),
    *,
    reason: str,
    way: str = "credit",
) -> Credited:
    """Raises NotFound (also for another shop's, or one of the operator's), NotAllowed (suspended, no right to a shop),
    and what `issue_credit_note` refuses."""
    row = tx.session.get(Document, document_id)
    buyer = row.customer_id if row is not None else None
    staff = for_buyer(tx, reseller_id, buyer, "money.correct", "document", document_id)
    return issue_credit_note(staff, document_id, corrections, reason=reason, way=way)
