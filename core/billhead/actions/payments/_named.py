"""Which documents a payer has named: by reference with check digits, or by their printed number."""

from collections.abc import Iterator, Sequence

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from billhead.actions.payments._open_debts import takes_money
from billhead.domain.creditor_reference import About, references_in, squeezed
from billhead.domain.document import Kind
from billhead.domain.numbering import NumberFormat
from billhead.models.documents import Document
from billhead.models.payments import AttemptDocument, PaymentAttempt
from billhead.models.sellers import NumberSeries
from billhead.plugin import StatementEntry

__all__ = ["documents_in", "documents_of_entry"]

_MOST = 100


def documents_of_entry(session: Session, seller_id: int, entry: StatementEntry) -> list[Document]:
    """What the payer of a transfer has named, oldest due first; the first place that names something counts.

    A structured reference comes before the note, the note before the payer's own id of the transfer.
    """
    for place in (entry.references, entry.note, (entry.end_to_end_id,)):
        found = documents_in(session, seller_id, place)
        if found:
            return found
    return []


def documents_in(session: Session, seller_id: int, lines: Sequence[str]) -> list[Document]:
    """The seller's orders and invoices that these lines name, whatever the bank did to them; oldest due first."""
    found = _by_reference(session, seller_id, lines) or _by_number(session, seller_id, lines)
    stand = {one.id: one for one in (_standing(session, document) for document in found[:_MOST])}
    return sorted(stand.values(), key=lambda one: (one.due_on is None, one.due_on, one.id))


def _by_reference(session: Session, seller_id: int, lines: Sequence[str]) -> list[Document]:
    ids: set[int] = set()
    for reference in references_in("".join(lines)):
        if reference.about is About.DOCUMENT:
            ids.add(reference.id)
        else:
            also = select(AttemptDocument.document_id).where(AttemptDocument.attempt_id == reference.id)
            ids.update(session.scalars(also))
            ids.update(session.scalars(select(PaymentAttempt.document_id).where(PaymentAttempt.id == reference.id)))
    return _documents(session, seller_id, Document.id.in_(ids)) if ids else []


def _by_number(session: Session, seller_id: int, lines: Sequence[str]) -> list[Document]:
    series = select(NumberSeries.format, NumberSeries.prefix).where(
        NumberSeries.seller_id == seller_id, NumberSeries.kind.in_([Kind.INVOICE.value, Kind.PROFORMA.value])
    )
    formats = [NumberFormat(pattern, prefix) for pattern, prefix in session.execute(series.distinct())]
    for text in _readings(lines):
        numbers = {number for written in formats for number in written.found_in(text)}
        found = _documents(session, seller_id, Document.number_text.in_(numbers)) if numbers else []
        if found:
            return found
    return []


def _readings(lines: Sequence[str]) -> Iterator[str]:
    """Banks cut lines where they like, and some drop the blank at the cut."""
    yield " ".join(lines)
    yield "".join(lines)
    yield squeezed("".join(lines))


def _documents(session: Session, seller_id: int, condition: ColumnElement[bool]) -> list[Document]:
    query = select(Document).where(
        Document.seller_id == seller_id, Document.kind.in_([Kind.INVOICE.value, Kind.PROFORMA.value])
    )
    return list(session.scalars(query.where(condition).order_by(Document.id)))


def _standing(session: Session, document: Document) -> Document:
    """What takes its money now: the invoice of an order that is settled, or what it was merged into."""
    for _ in range(10):
        heir = _heir(session, document)
        if heir is None:
            break
        document = heir
    return document


def _heir(session: Session, document: Document) -> Document | None:
    if document.merged_into_id is not None:
        return session.get(Document, document.merged_into_id)
    if document.kind == Kind.PROFORMA and not takes_money(document):
        return session.scalar(select(Document).where(Document.proforma_id == document.id).limit(1))
    return None
