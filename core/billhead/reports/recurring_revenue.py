"""Recurring revenue by month: what a month of everything that was billed is worth, who pays for it, who came and went.

It is counted on the last day of each month. A subscription's month is worth the line's net amount for as many months as
its term has: a year of 120.00 is 10.00, 30 days of 9.00 are 9.13 (365/12 days a month).
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Row, Select, select

from billhead.domain.money import Money, Rounding
from billhead.domain.periods import Term
from billhead.models.documents import Document, DocumentLine
from billhead.plugin import Report, ReportAsked, ReportChart, ReportColumn
from billhead.reports._months import months_of
from billhead.reports._parameters import CURRENCY, FROM_YEAR_AGO, SELLER, TO
from billhead.reports._recurring import IS_RECURRING, WHOLE, given_back
from billhead.reports._source import BATCH, Source
from billhead.wording import marked

__all__ = ["REPORT"]

_MONTH_DAYS = Fraction(365, 12)


def _lines(days: Sequence[date], asked: ReportAsked) -> Select[Any]:
    """Each line that pays for a subscription's recurring part on one of the days; once more for each time that some of
    it was given back, with that time. In order of subscriptions, and of lines."""
    back = given_back()
    line, begins, ends = DocumentLine, DocumentLine.period_start, DocumentLine.period_end
    query = (
        select(
            line.subscription_id, line.id, Document.currency, line.term, WHOLE.label("whole"), begins, ends,
            back.c.period_start.label("back_from"), back.c.period_end.label("back_to"),
        )
        .join(Document, Document.id == line.document_id)
        .outerjoin(back, back.c.line_id == line.id)
        .where(IS_RECURRING, begins <= days[-1], ends > days[0])
        .order_by(line.subscription_id, line.id)
    )  # fmt: skip
    if asked["seller"] is not None:
        query = query.where(Document.seller_id == asked["seller"])
    if asked["currency"] is not None:
        query = query.where(Document.currency == asked["currency"])
    return query.execution_options(yield_per=BATCH)


def _a_month(net: int, text: str) -> Fraction:
    term = Term.parse(text or "1 month")
    return Fraction(net, term.months) if term.months else net * _MONTH_DAYS / term.days


@dataclass(slots=True)
class _Tally:
    """Of each day and currency: what all lines that pay for it are worth by their term, in minor units, and how many
    subscriptions are paid for, of them not the day before in the list, and of those before not on it."""

    days: Sequence[date]
    worth: Counter[tuple[int, str, str]] = field(default_factory=Counter)
    active: Counter[tuple[int, str]] = field(default_factory=Counter)
    came: Counter[tuple[int, str]] = field(default_factory=Counter)
    went: Counter[tuple[int, str]] = field(default_factory=Counter)

    def add(self, rows: Iterable[Row[Any]]) -> None:
        """All lines of one subscription."""
        paid: list[set[str]] = [set() for _ in self.days]
        for _, each in groupby(rows, key=attrgetter("id")):
            again = list(each)
            line = again[0]
            for at in range(bisect_left(self.days, line.period_start), bisect_left(self.days, line.period_end)):
                if any(row.back_from is not None and row.back_from <= self.days[at] < row.back_to for row in again):
                    continue
                self.worth[at, line.currency, line.term] += int(line.whole)
                paid[at].add(line.currency)
        for at, now in enumerate(paid):
            before = paid[at - 1] if at else set()
            self.active.update((at, currency) for currency in now)
            self.came.update((at, currency) for currency in now if not before)
            self.went.update((at, currency) for currency in before if not now)

    def a_month(self, at: int) -> dict[str, Fraction]:
        """Currency → minor units a month."""
        worth: dict[str, Fraction] = defaultdict(Fraction)
        for (day, currency, term), whole in self.worth.items():
            if day == at:
                worth[currency] += _a_month(whole, term)
        return worth


def _rows(source: Source, asked: ReportAsked) -> Iterator[tuple[Any, ...]]:
    """One statement, whose lines are read once and not kept."""
    months = list(months_of(asked["from"], asked.until))
    if not months:
        return
    # the day before it all, and the last one of each month
    tally = _Tally([months[0][0] - timedelta(days=1), *(end - timedelta(days=1) for _, end in months)])
    lines = source.session.execute(_lines(tally.days, asked))
    for _, rows in groupby(lines, key=attrgetter("subscription_id")):
        tally.add(rows)
    for at, (start, _) in enumerate(months, 1):
        worth = tally.a_month(at)
        for currency in sorted({one for day, one in (*tally.active, *tally.went) if day == at}):
            count = tally.active[at, currency]
            month = Money(1, currency).times(worth.get(currency, Fraction()), Rounding.HALF_UP)
            each = month.times(Fraction(1, count), Rounding.HALF_UP) if count else None
            yield f"{start:%Y-%m}", month, count, tally.came[at, currency], tally.went[at, currency], each


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
