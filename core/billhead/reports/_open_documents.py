"""What was open on documents at the end of a day, and how old it was."""

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, case, cast, func, literal, or_, select
from sqlalchemy.orm import aliased

from billhead.domain.document import Kind, State
from billhead.models.credits import CustomerCredit
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
    closing, credited = aliased(LedgerEntry), _became_credit(asked["as_of"]).subquery()
    found_its_place = func.coalesce(given.c.minor, 0) + func.coalesce(credited.c.minor, 0)
    left = case(
        (Document.kind == Kind.CREDIT_NOTE, found_its_place - Document.total_minor),
        else_=Document.total_minor - func.coalesce(settled.c.minor, 0),
    )
    conditions: list[ColumnElement[bool]] = [
        Document.number.is_not(None),
        Document.issued_on <= asked["as_of"],
        Document.state != State.DRAFT.value,
        or_(Document.state != State.VOID.value, closing.day > asked["as_of"]),
        or_(Document.state != State.WRITTEN_OFF.value, closing.id.is_not(None)),
        Document.id.not_in(_written_off(asked["as_of"])),
    ]
    if asked["seller"] is not None:
        conditions.append(Document.seller_id == asked["seller"])
    if asked["currency"] is not None:
        conditions.append(Document.currency == asked["currency"])
    return (
        select(Document.seller_id, Document.customer_id, Document.currency, Document.due_on, left.label("minor"))
        .outerjoin(settled, settled.c.document_id == Document.id)
        .outerjoin(given, given.c.credit_note_id == Document.id)
        .outerjoin(credited, credited.c.credit_note_id == Document.id)
        .outerjoin(closing, closing.id == Document.closing_entry_id)
        .where(*conditions)
        .subquery()
    )


def _became_credit(day: date) -> Select[int | None, int]:
    """What credit notes have given as credit by the end of the day that nobody had paid on what they correct: it is on
    no document of theirs."""
    lot = CustomerCredit
    return (
        select(lot.credit_note_id, func.sum(lot.amount_minor).label("minor"))
        .join(LedgerEntry, LedgerEntry.id == lot.entry_id)
        .where(lot.credit_note_id.is_not(None), LedgerEntry.day <= day, LedgerEntry.key.like("credit_placed:%:rest"))
        .group_by(lot.credit_note_id)
    )


def _written_off(day: date) -> Select[int]:
    """What was written off by the end of the day, and nobody had paid after all: it may have been given up before, so
    each write-off names the one before it."""
    first, again, recovery = aliased(LedgerEntry), aliased(LedgerEntry), aliased(LedgerEntry)
    about = literal("write_off:") + cast(Document.id, Text)
    each = (
        select(Document.id.label("document_id"), first.id.label("entry_id"), first.day.label("day"))
        .join(first, first.key == about + ":0")
        .where(Document.closing_entry_id.is_not(None))
        .cte("each_write_off", recursive=True)
    )
    named = literal("write_off:") + cast(each.c.document_id, Text) + ":" + cast(each.c.entry_id, Text)
    each = each.union_all(select(each.c.document_id, again.id, again.day).join(again, again.key == named))
    return (
        select(each.c.document_id)
        .outerjoin(recovery, recovery.key == literal("recovery:") + cast(each.c.entry_id, Text))
        .where(each.c.day <= day, or_(recovery.id.is_(None), recovery.day > day))
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
