"""Whether a document may be made void as it is: nothing was settled on it, is on its way to it, or corrects it."""

from sqlalchemy import select

from billhead.actions.payments._attempts import refuse_under_way
from billhead.db import Tx
from billhead.domain.document import Kind, State
from billhead.domain.errors import Conflict
from billhead.models.documents import Document, DocumentLine

__all__ = ["is_untouched", "must_be_untouched"]


def must_be_untouched(tx: Tx, document: Document) -> None:
    """Raises Conflict: something is settled on it, a payment is under way, or a credit note corrects it.

    A payer who is at the gateway keeps nobody from it: such a page may stand open for days, as one that says where a
    transfer goes does, and what comes for it later is credit.
    """
    name = document.number_text or f"document {document.id}"
    if document.settled_minor and document.kind != Kind.PROFORMA:
        raise Conflict(f"something is settled on {name}", code="settled", hint="give it back, or issue a credit note")
    refuse_under_way(tx.session, document)
    correcting = (
        select(Document.number_text)
        .join(DocumentLine, DocumentLine.document_id == Document.id)
        .where(
            DocumentLine.corrects_line_id.in_(select(DocumentLine.id).where(DocumentLine.document_id == document.id)),
            Document.state != State.VOID,
            Document.number.is_not(None),
        )
    )
    number = tx.session.scalar(correcting.limit(1))
    if number is not None:
        raise Conflict(f"{number} corrects {name}", code="corrected", hint="void that first")


def is_untouched(tx: Tx, document: Document) -> bool:
    """May it be made void as it is?"""
    try:
        must_be_untouched(tx, document)
    except Conflict:
        return False
    return True
