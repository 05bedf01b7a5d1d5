"""What was open on documents at the end of a day, and how old it was."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, Text, case, cast, func, literal, or_, select
from sqlalchemy.orm import aliased

from billhead.domain.document import Kind, State
from billhead.models.documents import Allocation, Document
from billhead.models.ledger import LedgerEntry
from billhead.plugin import ReportAsked, ReportColumn
from billhead.wording import marked

__all__ = ["AGES", "by_age", "open_documents"]

AGES = (
    ReportColumn("documents", marked("Documents"), "count", total=True),
    ReportColumn("not_due", marked("Not due yet"), "money", total=True),
    ReportColumn("days_30", marked("1 to 30 days"), "money", total=True),
    ReportColumn("days_60", marked("31 to 60 days"), "money", total=True),
    ReportColumn("days_90", marked("61 to 90 days"), "money", total=True),
    ReportColumn("older", marked("More than 90 days"), "money", total=True),
    ReportColumn("owed", marked("Owed"), "money", total=True),
)
"""The columns that `by_age` fills."""

_CLOSED = (State.VOID.value, State.WRITTEN_OFF.value)


def open_documents(asked: ReportAsked) -> Any:
    """Every document with what was open on it at the end of the day; a credit note's rest counts against the debt."""
    settled = (
        select(Allocation.document_id, func.sum(Allocation.amount_minor).label("minor"))
        .where(Allocation.day <= asked["as_of"])
        .group_by(Allocation.document_id)
        .subquery()
    )
    given = (
        select(Allocation.credit_note_id, func.sum(Allocation.amount_minor).label("minor"))
        .where(Allocation.day <= asked["as_of"], Allocation.credit_note_id.is_not(None))
        .group_by(Allocation.credit_note_id)
        .subquery()
    )
    closing, recovery = aliased(LedgerEntry), aliased(LedgerEntry)
    left = case(
        (Document.kind == Kind.CREDIT_NOTE, func.coalesce(given.c.minor, 0) - Document.total_minor),
        else_=Document.total_minor - func.coalesce(settled.c.minor, 0),
    )
    conditions: list[ColumnElement[bool]] = [
        Document.number.is_not(None),
        Document.issued_on <= asked["as_of"],
        Document.state != State.DRAFT.value,
        # void or written off: from that day on, until somebody paid after all
        or_(
            closing.id.is_(None) & Document.state.not_in(_CLOSED),
            closing.day > asked["as_of"],
            recovery.day <= asked["as_of"],
        ),
    ]
    if asked["seller"] is not None:
        conditions.append(Document.seller_id == asked["seller"])
    if asked["currency"] is not None:
        conditions.append(Document.currency == asked["currency"])
    return (
        select(Document.seller_id, Document.customer_id, Document.currency, Document.due_on, left.label("minor"))
        .outerjoin(settled, settled.c.document_id == Document.id)
        .outerjoin(given, given.c.credit_note_id == Document.id)
        .outerjoin(closing, closing.id == Document.closing_entry_id)
        .outerjoin(recovery, recovery.key == literal("recovery:") + cast(closing.id, Text))
        .where(*conditions)
        .subquery()
    )


def by_age(rows: Any, asked: ReportAsked) -> list[ColumnElement[int]]:
    """How many; not due yet, then 1 to 30, 31 to 60, 61 to 90 and more than 90 days after the due day; and all."""
    day, due = asked["as_of"], rows.c.due_on
    edges = [day - timedelta(days=n) for n in (0, 30, 60, 90)]
    spans = [
        due.is_(None) | (due >= edges[0]),
        *((due < later) & (due >= earlier) for later, earlier in pairwise(edges)),
        due < edges[-1],
    ]
    sums = [func.sum(case((span, rows.c.minor), else_=0)) for span in spans]
    return [func.count(), *sums, func.sum(rows.c.minor)]
