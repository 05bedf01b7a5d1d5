"""What was invoiced, in each seller's own currency: by the rate that each document has frozen.

A document whose rate nobody knew is counted, and left out of the sum: what is missing can be seen, a guess can't.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Integer, Select, case, cast, extract, func, select

from billhead.domain.document import Kind, State
from billhead.domain.money import Money
from billhead.models.documents import Document
from billhead.plugin import Report, ReportAsked, ReportChart, ReportColumn
from billhead.reports._parameters import FROM_YEAR_AGO, SELLER, TO
from billhead.reports._source import Source
from billhead.wording import marked

__all__ = ["REPORT"]

_TAKEN_BACK = (State.DRAFT.value, State.VOID.value, State.MERGED.value)


def _documents(asked: ReportAsked) -> Select[Any]:
    """A row per month and pair of currencies; credit notes are below zero."""
    sign = case((Document.kind == Kind.CREDIT_NOTE.value, -1), else_=1)
    year, month = (cast(extract(part, Document.issued_on), Integer) for part in ("year", "month"))
    keys: tuple[Any, ...] = (year, month, Document.base_currency, Document.currency)
    wanted: Select[Any] = (
        select(
            *keys,
            func.count(),
            func.count(Document.base_minor),
            func.sum(sign * Document.total_minor),
            func.sum(sign * func.coalesce(Document.base_minor, 0)),
        )
        .where(Document.kind.in_((Kind.INVOICE.value, Kind.CREDIT_NOTE.value)), Document.state.not_in(_TAKEN_BACK))
        .where(Document.base_currency != "", Document.issued_on < asked.until)
        .group_by(*keys)
        .order_by(*keys)
    )
    if asked["from"] is not None:
        wanted = wanted.where(Document.issued_on >= asked["from"])
    if asked["seller"] is not None:
        wanted = wanted.where(Document.seller_id == asked["seller"])
    return wanted


def _rows(source: Source, asked: ReportAsked) -> Iterator[tuple[Any, ...]]:
    for year, month, base, currency, count, known, total, worth in source.session.execute(_documents(asked)):
        told = str(Money(int(total), currency))
        yield f"{year}-{month:02d}", currency, count, told, count - known, Money(int(worth), base)


REPORT = Report(
    code="invoiced-at-home",
    title=marked("Invoiced, in the seller's currency"),
    description=marked(
        "Invoices less credit notes by month and currency, and what they were worth in the seller's own on "
        "their day. Documents without a rate are counted and are not in the sum: billhead rates import, then fill."
    ),
    group=marked("Money"),
    parameters=(FROM_YEAR_AGO, TO, SELLER),
    columns=(
        ReportColumn("month", marked("Month")),
        ReportColumn("currency", marked("Currency")),
        ReportColumn("documents", marked("Documents"), "count", total=True),
        ReportColumn("invoiced", marked("Invoiced")),
        ReportColumn("without", marked("Without a rate"), "count", total=True),
        ReportColumn("worth", marked("Worth"), "money", total=True),
    ),
    rows=_rows,
    chart=ReportChart("month", ("worth",)),
)
