"""An invoice's lines with what credit notes have given back of each, and the party that it froze."""

import json
from collections.abc import Collection, Mapping
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.billing._rated import PartyFacts
from billhead.domain.correction import Parts, total_of
from billhead.domain.document import Kind, State
from billhead.domain.periods import Period
from billhead.models.catalogue import Price, PriceBook
from billhead.models.documents import Document, DocumentLine, Party

_JSON = ("address", "invoicing")

__all__ = ["CORRECTED", "Line", "left_of_invoice", "lines_of", "party_of"]

CORRECTED = "corrected"
"""The kind of a line by which staff give back; the calendar's own are `returned`."""


class Line(NamedTuple):
    """`earlier` was given back already, and so were the days of `gone`, by a change or by staff. `inclusive`: its price
    book has prices with tax."""

    row: DocumentLine
    parts: Parts
    earlier: Parts
    inclusive: bool
    gone: tuple[Period, ...] = ()

    @property
    def left(self) -> int:
        """Minor units with tax; below zero for a discount."""
        return self.parts.gross - self.earlier.gross


def left_of_invoice(lines: Mapping[int, Line]) -> int:
    """What credit notes can give back at most, in minor units with tax. Where one line takes off what another charges,
    as in a change, that is less than a line came to."""
    return sum(line.left for line in lines.values())


def lines_of(session: Session, invoice: Document) -> dict[int, Line]:
    """By line id, in their order; two queries."""
    rows = session.execute(
        select(DocumentLine, PriceBook.tax_inclusive)
        .outerjoin(Price, Price.id == DocumentLine.price_id)
        .outerjoin(PriceBook, PriceBook.id == Price.book_id)
        .where(DocumentLine.document_id == invoice.id)
        .order_by(DocumentLine.position)
    ).all()
    back = _given_back(session, [row.id for row, _ in rows])
    found: dict[int, Line] = {}
    for row, inclusive in rows:
        parts, given = _parts(row), back.get(row.id, [])
        gone = tuple(period for one, _ in given if (period := _days_given(one, row)) is not None)
        found[row.id] = Line(row, parts, total_of([one for _, one in given], len(parts.taxes)), bool(inclusive), gone)
    return found


def _days_given(back: DocumentLine, row: DocumentLine) -> Period | None:
    """The days that were given back; None where staff have named an amount, which stands over the line's whole time."""
    start, end = back.period_start, back.period_end
    if start is None or end is None or (back.kind == CORRECTED and (start, end) == (row.period_start, row.period_end)):
        return None
    return Period(start, end)


def _given_back(session: Session, lines: Collection[int]) -> dict[int, list[tuple[DocumentLine, Parts]]]:
    """Credit notes give back in amounts above zero, an invoice that nets a change in amounts below."""
    found: dict[int, list[tuple[DocumentLine, Parts]]] = {}
    rows = session.execute(
        select(DocumentLine, Document.kind)
        .join(Document, Document.id == DocumentLine.document_id)
        .where(DocumentLine.corrects_line_id.in_(lines), Document.state != State.VOID, Document.number.is_not(None))
        .order_by(DocumentLine.id)
    )
    for row, kind in rows:
        sign, parts = 1 if kind == Kind.CREDIT_NOTE else -1, _parts(row)
        back = Parts(sign * parts.net, tuple(sign * tax for tax in parts.taxes))
        found.setdefault(row.corrects_line_id or 0, []).append((row, back))
    return found


def _parts(row: DocumentLine) -> Parts:
    return Parts(row.net_minor, tuple(minor for _, _, minor in row.taxes or ()) or (row.tax_minor,))


def party_of(session: Session, document: Document) -> PartyFacts:
    """The buyer that the document froze."""
    party = session.get(Party, document.buyer_id) if document.buyer_id else None
    data = party.data if party is not None else {}
    texts = {name: str(data.get(name, "")) for name in PartyFacts._fields if name not in _JSON}
    return PartyFacts(**texts, **{name: json.dumps(data.get(name, {})) for name in _JSON})
