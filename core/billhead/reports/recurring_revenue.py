"""Recurring revenue by month: what a month of everything that was billed is worth, who pays for it, who came and went.

A subscription counts on the last day of a month when an invoice covers that day, or a credit note over a change. Its
month is worth the line's net amount for as many months as its term has: a year of 120.00 is 10.00, 30 days of 9.00 are
9.13 (365/12 days a month). A line over some days of a term is worth what all of it costs.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, select
from sqlalchemy.orm import aliased

from billhead.domain.document import Kind, State
from billhead.domain.money import Money, Rounding
from billhead.domain.periods import Term
from billhead.models.documents import Document, DocumentLine
from billhead.plugin import Report, ReportAsked, ReportChart, ReportColumn
from billhead.reports._months import months_of
from billhead.reports._parameters import CURRENCY, FROM_YEAR_AGO, SELLER, TO
from billhead.reports._source import Source
from billhead.wording import marked

__all__ = ["REPORT"]

_MONTH_DAYS = Fraction(365, 12)


def _covering(line: Any, document: Any, day: date, asked: ReportAsked) -> ColumnElement[bool]:
    """A line that pays for a day of a subscription's recurring part, which was not given back since."""
    gives, by = aliased(DocumentLine), aliased(Document)
    given_back = exists().where(
        gives.corrects_line_id == line.id,
        gives.kind == "returned",
        gives.period_start <= day,
        gives.period_end > day,
        by.id == gives.document_id,
        by.state != State.VOID.value,
    )
    conditions = [
        document.id == line.document_id,
        document.kind.in_([Kind.INVOICE.value, Kind.CREDIT_NOTE.value]),
        document.number.is_not(None),
        document.state.not_in([State.VOID.value, State.WRITTEN_OFF.value]),
        line.kind == "recurring",
        line.corrects_line_id.is_(None),
        line.subscription_id.is_not(None),
        line.period_start <= day,
        line.period_end > day,
        ~given_back,
    ]
    if asked["seller"] is not None:
        conditions.append(document.seller_id == asked["seller"])
    if asked["currency"] is not None:
        conditions.append(document.currency == asked["currency"])
    return and_(*conditions)


_NET, _GROSS = DocumentLine.net_minor, DocumentLine.net_minor + DocumentLine.tax_minor
_BILLED = case((Document.kind == Kind.INVOICE.value, _NET), else_=-_NET)
_WHOLE = case(
    (DocumentLine.cycle_minor.is_(None) | (_GROSS == 0), _BILLED),
    (Document.tax_inclusive, (2 * DocumentLine.cycle_minor * _NET + _GROSS) // (2 * _GROSS)),
    else_=DocumentLine.cycle_minor,
)
"""What the whole term of a line costs before tax. A credit note has its amounts the other way round."""


def _worth(source: Source, day: date, asked: ReportAsked) -> dict[str, Fraction]:
    """Currency → minor units a month."""
    rows = source.session.execute(
        select(Document.currency, DocumentLine.term, func.sum(_WHOLE))
        .where(_covering(DocumentLine, Document, day, asked))
        .group_by(Document.currency, DocumentLine.term)
    )
    worth: dict[str, Fraction] = {}
    for currency, term, net in rows:
        worth[currency] = worth.get(currency, Fraction()) + _a_month(int(net), term)
    return worth


def _a_month(net: int, text: str) -> Fraction:
    term = Term.parse(text or "1 month")
    return Fraction(net, term.months) if term.months else net * _MONTH_DAYS / term.days


def _subscriptions(source: Source, day: date, asked: ReportAsked, but_not_on: date | None = None) -> dict[str, int]:
    """Currency → how many subscriptions were paid for on the day (and not on the other one)."""
    query = select(Document.currency, func.count(DocumentLine.subscription_id.distinct())).where(
        _covering(DocumentLine, Document, day, asked)
    )
    if but_not_on is not None:
        line, document = aliased(DocumentLine), aliased(Document)
        same = line.subscription_id == DocumentLine.subscription_id
        query = query.where(~exists().where(same, _covering(line, document, but_not_on, asked)))
    return {currency: int(count) for currency, count in source.session.execute(query.group_by(Document.currency))}


def _rows(source: Source, asked: ReportAsked) -> Iterator[tuple[Any, ...]]:
    """Four statements a month, however many subscriptions there are."""
    for start, end in months_of(asked["from"], asked.until):
        day, before = end - timedelta(days=1), start - timedelta(days=1)
        worth, active = _worth(source, day, asked), _subscriptions(source, day, asked)
        came = _subscriptions(source, day, asked, before)
        went = _subscriptions(source, before, asked, day)
        for currency in sorted({*active, *went}):
            count = active.get(currency, 0)
            month = Money(1, currency).times(worth.get(currency, Fraction()), Rounding.HALF_UP)
            each = month.times(Fraction(1, count), Rounding.HALF_UP) if count else None
            yield f"{start:%Y-%m}", month, count, came.get(currency, 0), went.get(currency, 0), each


REPORT = Report(
    code="recurring-revenue",
    title=marked("Recurring revenue"),
    description=marked(
        "By month: what a month of all running subscriptions is worth before tax, how many there are, how many "
        "came and went, and what one is worth on average."
    ),
    group=marked("Money"),
    parameters=(FROM_YEAR_AGO, TO, SELLER, CURRENCY),
    columns=(
        ReportColumn("month", marked("Month")),
        ReportColumn("worth", marked("A month is worth"), "money"),
        ReportColumn("active", marked("Subscriptions"), "count"),
        ReportColumn("came", marked("Came"), "count", total=True),
        ReportColumn("went", marked("Went"), "count", total=True),
        ReportColumn("average", marked("On average"), "money"),
    ),
    rows=_rows,
    chart=ReportChart("month", ("worth",), "line"),
)
