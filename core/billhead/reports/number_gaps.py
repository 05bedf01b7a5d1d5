"""Document numbers: for every series that each number from the first to the last was given once."""

from collections.abc import Iterator
from typing import Any

from billhead.plugin import Report, ReportAsked, ReportColumn
from billhead.reports._number_gaps import series_counted
from billhead.reports._source import Source
from billhead.wording import marked

__all__ = ["REPORT"]


def _rows(source: Source, _asked: ReportAsked) -> Iterator[tuple[Any, ...]]:
    for one in series_counted(source.session):
        shown = ", ".join(str(number) for number in one.missing) or "none"
        yield one.seller, one.kind.replace("_", " "), str(one.fiscal_year), one.first, one.last, one.given, shown


REPORT = Report(
    code="number-gaps",
    title=marked("Numbers without gaps"),
    description=marked(
        "Each series of invoice and credit note numbers: first, last, how many were given, what is missing."
    ),
    group=marked("Money"),
    parameters=(),
    columns=(
        ReportColumn("seller", marked("Seller")),
        ReportColumn("kind", marked("Kind")),
        ReportColumn("fiscal_year", marked("Fiscal year")),
        ReportColumn("first", marked("First"), "count"),
        ReportColumn("last", marked("Last"), "count"),
        ReportColumn("given", marked("Given"), "count"),
        ReportColumn("missing", marked("Missing")),
    ),
    rows=_rows,
)
