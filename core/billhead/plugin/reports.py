"""Reports: a declared table that is shown in the admin area, as CSV, on the command line and by the API alike.

from billhead.plugin import Report, ReportColumn, ReportParameter, hookimpl

def rows(source, asked):
    return source.select(
        "SELECT country, count(*) FROM customers WHERE created_at < :until GROUP BY country ORDER BY 2 DESC, 1",
        until=asked.until,
    )

COUNTRIES = Report(
    code="customers-by-country",
    title="Customers by country",
    description="How many customers there are, by the country of their address.",
    parameters=(ReportParameter("to", "Up to", "date", default="today"),),
    columns=(ReportColumn("country", "Country"), ReportColumn("customers", "Customers", "count", total=True)),
    rows=rows,
)

@hookimpl
def reports():
    return [COUNTRIES]
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Protocol

from billhead.domain.errors import InvalidInput
from billhead.domain.money import Money

__all__ = [
    "Report",
    "ReportAsked",
    "ReportChart",
    "ReportColumn",
    "ReportLink",
    "ReportParameter",
    "ReportSource",
    "ReportTie",
]

COLUMN_KINDS = ("text", "money", "date", "count", "link")
PARAMETER_KINDS = ("date", "seller", "currency", "choice", "count")
DAYS = ("", "today", "month_start", "month_end", "year_start", "year_ago")


@dataclass(frozen=True, slots=True)
class ReportLink:
    """A cell that leads to a page of the admin area: `ReportLink("RE-17", "document", 81)`.

    `to` is customer, subscription, service, document, payment or panel; `key` is its id.
    """

    text: str
    to: str
    key: int


@dataclass(frozen=True, slots=True)
class ReportColumn:
    """`kind` says what a cell holds: text (str), money (Money), date, count (int) or link (ReportLink); or None.

    `total` sums a column of money or counts, apart for each currency.
    """

    code: str
    label: str
    kind: str = "text"
    total: bool = False

    def __post_init__(self) -> None:
        if self.kind not in COLUMN_KINDS:
            raise InvalidInput("column", f"{self.code}: {self.kind!r} is none of {', '.join(COLUMN_KINDS)}")
        if self.total and self.kind not in ("money", "count"):
            raise InvalidInput("column", f"{self.code}: only money and counts have a total")


@dataclass(frozen=True, slots=True)
class ReportParameter:
    """What is asked before the report is made. `kind`: date, seller, currency, choice (of `options`) or count.

    `from` and `to` are the first and the last day of a span, `as_of` one day, `seller` and `currency` narrow; these
    five have options of their own on the command line. `default` of a date is "", today, month_start, month_end,
    year_start or year_ago, seen from the day on which the report is made; of others the value. What has no default and
    is left empty is None.
    """

    code: str
    label: str
    kind: str
    default: str = ""
    options: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in PARAMETER_KINDS:
            raise InvalidInput("parameter", f"{self.code}: {self.kind!r} is none of {', '.join(PARAMETER_KINDS)}")
        if self.kind == "date" and self.default not in DAYS:
            raise InvalidInput("parameter", f"{self.code}: the day {self.default!r} is none of {', '.join(DAYS[1:])}")
        if self.kind == "choice" and not self.options:
            raise InvalidInput("parameter", f"{self.code}: a choice needs options")


@dataclass(frozen=True, slots=True)
class ReportAsked:
    """The parameters, checked: `asked["from"]` is a date or None, `asked["seller"]` the id of a seller or None."""

    values: Mapping[str, Any]
    today: date

    def __getitem__(self, code: str) -> Any:
        return self.values[code]

    @property
    def until(self) -> date:
        """The day after `to`: the exclusive end of the span."""
        to: date = self.values.get("to") or self.today
        return to + timedelta(days=1)


class ReportSource(Protocol):
    """Where a report reads: one read-only transaction, so that all that it reads belongs together."""

    def select(self, sql: str, /, **values: Any) -> Iterator[Sequence[Any]]:
        """Run one SELECT over the report tables (documents, document_lines, taxes, allocations, payments,
        customers, subscriptions, services, ledger, sellers, exchange_rates; docs/reports.md has their columns) and
        stream its rows. Values are bound by name."""


@dataclass(frozen=True, slots=True)
class ReportTie:
    """What the report says beside what the ledger says about the same; they should be equal."""

    what: str
    here: Money
    ledger: Money

    @property
    def difference(self) -> Money:
        return self.here - self.ledger


@dataclass(frozen=True, slots=True)
class ReportChart:
    """Draw the columns `series` over the column `x`: as "bar" or "line"; money of several currencies apart."""

    x: str
    series: tuple[str, ...]
    kind: str = "bar"


@dataclass(frozen=True, slots=True)
class Report:
    """`rows(source, asked)` yields one sequence per row, a cell per column; it may run a few statements, however many
    rows come. `ties(source, asked)` compares the report with the ledger."""

    code: str
    title: str
    description: str
    columns: tuple[ReportColumn, ...]
    rows: Callable[[Any, ReportAsked], Iterable[Sequence[Any]]]
    parameters: tuple[ReportParameter, ...] = ()
    ties: Callable[[Any, ReportAsked], Iterable[ReportTie]] | None = None
    chart: ReportChart | None = None
    group: str = "Other"

    def __post_init__(self) -> None:
        codes = [column.code for column in self.columns]
        if not codes or len(set(codes)) != len(codes):
            raise InvalidInput("columns", f"the report {self.code} needs columns, each code once")
        unknown = [code for code in (self.chart.x, *self.chart.series) if code not in codes] if self.chart else []
        if unknown:
            raise InvalidInput("chart", f"the report {self.code} has no column {unknown[0]}")
