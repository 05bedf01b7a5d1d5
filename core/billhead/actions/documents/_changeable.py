"""What may still be changed: a draft, and a proforma that nobody has paid yet. Final documents never are."""

from sqlalchemy import select

from billhead.actions.billing._finalising import rate_drafts
from billhead.actions.credits._top_up import is_top_up
from billhead.actions.payments._attempts import undecided
from billhead.actions.resellers._given import is_reseller_order
from billhead.db import Tx
from billhead.domain.document import Kind, ProformaState, State
from billhead.domain.errors import Conflict, NotFound
from billhead.models.documents import Document, DocumentLine
from billhead.models.subscriptions import SubscriptionChange

__all__ = [
    "by_hand",
    "changeable",
    "is_being_paid",
    "is_change",
    "lines_of",
    "locked_draft",
    "locked_line",
    "recompute",
]


def changeable(tx: Tx, document_id: int, *, also: tuple[str, ...] = ()) -> Document:
    """The draft or open proforma, locked. `also`: further states of a proforma that are taken.

    Raises NotFound, or Conflict for a document that is final, settled or void, or that somebody pays right now.
    """
    tx.session.flush()
    document = tx.session.get(Document, document_id, with_for_update=True, populate_existing=True)
    if document is None:
        raise NotFound("document", document_id)
    may = (ProformaState.OPEN.value, *also) if document.kind == Kind.PROFORMA else (State.DRAFT.value,)
    if document.state not in may:
        name = document.number_text or f"{document.kind} {document.id}"
        hint = "write a credit note instead" if document.kind == Kind.INVOICE else None
        raise Conflict(f"{name} is {document.state}: it can't be changed any more", code="document_final", hint=hint)
    if is_top_up(tx.session, document):
        raise Conflict("an order of credit stands for itself", hint="void it, and let the customer order another")
    if is_reseller_order(tx.session, document_id):
        raise Conflict("an order of a reseller's stands for itself", hint="void it, and let them order another")
    if is_being_paid(tx, document_id):
        raise Conflict(
            "a payment of this document is on its way", code="payment_undecided", hint="wait until it is decided"
        )
    return document


def locked_draft(tx: Tx, document_id: int) -> Document:
    """An invoice that is a draft, locked. Raises NotFound or Conflict."""
    document = changeable(tx, document_id)
    if document.kind != Kind.INVOICE:
        raise Conflict("a proforma is not a draft: it becomes an invoice when it is paid", code="document_not_draft")
    return document


def locked_line(tx: Tx, line_id: int) -> tuple[Document, DocumentLine]:
    """A line of a draft, and the draft, locked."""
    line = tx.session.get(DocumentLine, line_id)
    if line is None:
        raise NotFound("line", line_id)
    return locked_draft(tx, line.document_id), line


def by_hand(line: DocumentLine) -> bool:
    """Staff have added it: it belongs to no subscription."""
    return line.subscription_id is None and line.corrects_line_id is None


def is_change(tx: Tx, document_id: int) -> bool:
    """The proforma of a change that waits to be paid: its amount is that of the change."""
    offered = select(SubscriptionChange.id).where(
        SubscriptionChange.document_id == document_id, SubscriptionChange.state == "offered"
    )
    return tx.session.scalar(offered.limit(1)) is not None


def is_being_paid(tx: Tx, document_id: int) -> bool:
    """Money may be on its way: a charge, a lookup, a transfer of which nobody knows yet what became of it."""
    return undecided(tx, document_id)


def lines_of(tx: Tx, document_id: int) -> list[DocumentLine]:
    query = select(DocumentLine).where(DocumentLine.document_id == document_id)
    return list(tx.session.scalars(query.order_by(DocumentLine.position, DocumentLine.id)))


def recompute(tx: Tx, document: Document) -> None:
    """Tax and sums of a draft or proforma from its lines as they are now. Raises what a tax engine refuses."""
    tx.session.flush()
    lines = lines_of(tx, document.id)
    if not lines:
        document.net_minor = document.tax_minor = document.total_minor = 0
        return
    ready, refused = rate_drafts(tx.session, [document])
    if refused:
        raise refused[0][1]
    rated = ready[0].rated
    sign = -1 if rated.kind == Kind.CREDIT_NOTE else 1  # a draft becomes one only when it is made final
    for line, done in zip(lines, rated.lines, strict=True):
        line.net_minor, line.tax_minor = sign * done.net_minor, sign * done.tax_minor
        line.tax_code, line.tax_rate_ppm = done.tax_code, done.tax_rate_ppm
        several = done.detail.taxes if done.detail else ()
        line.taxes = [[code, ppm, sign * minor] for code, ppm, minor in several] or None
    document.net_minor, document.tax_minor = sign * rated.net_minor, sign * rated.tax_minor
    document.total_minor = document.net_minor + document.tax_minor
    document.notes = list(rated.notes)
    tx.session.flush()
