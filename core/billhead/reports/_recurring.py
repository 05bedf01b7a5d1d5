"""Which lines are recurring revenue on a day, and what their whole term costs: the report and the dashboard agree.

A subscription counts on a day when an invoice covers that day, or a credit note over a change, and that day was not
given back since. A line over some days of a term is worth what all of the term costs.
"""

from typing import Any

from sqlalchemy import ColumnElement, Subquery, and_, case, select
from sqlalchemy.orm import aliased

from billhead.domain.document import Kind, State
from billhead.models.documents import Document, DocumentLine

__all__ = ["IS_RECURRING", "WHOLE", "given_back"]

_NET, _GROSS = DocumentLine.net_minor, DocumentLine.net_minor + DocumentLine.tax_minor
_BILLED = case((Document.kind == Kind.INVOICE.value, _NET), else_=-_NET)
WHOLE: ColumnElement[Any] = case(
    (DocumentLine.cycle_minor.is_(None) | (_GROSS == 0), _BILLED),
    (Document.tax_inclusive, (2 * DocumentLine.cycle_minor * _NET + _GROSS) // (2 * _GROSS)),
    else_=DocumentLine.cycle_minor,
)
"""What the whole term of a line costs before tax. A credit note has its amounts the other way round."""

IS_RECURRING: ColumnElement[bool] = and_(
    Document.kind.in_([Kind.INVOICE.value, Kind.CREDIT_NOTE.value]),
    Document.number.is_not(None),
    Document.state.not_in([State.VOID.value, State.WRITTEN_OFF.value]),
    DocumentLine.kind == "recurring",
    DocumentLine.corrects_line_id.is_(None),
    DocumentLine.subscription_id.is_not(None),
)
"""Of a line and its document."""


def given_back() -> Subquery:
    """(line_id, period_start, period_end): the time of a line that came back to the customer."""
    gives, by = aliased(DocumentLine), aliased(Document)
    return (
        select(gives.corrects_line_id.label("line_id"), gives.period_start, gives.period_end)
        .join(by, by.id == gives.document_id)
        .where(gives.corrects_line_id.is_not(None), gives.kind == "returned", by.state != State.VOID.value)
        .subquery()
    )
