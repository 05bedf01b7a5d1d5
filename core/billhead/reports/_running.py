"""Make a report: stream its rows, and on the way count them, sum them and keep the page that is looked at."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from billhead.domain.errors import BillheadError, PluginFailed
from billhead.domain.money import CREDITS, Money
from billhead.plugin import Report, ReportAsked, ReportColumn, ReportLink, ReportTie
from billhead.reports._cells import currency_of
from billhead.reports._found import FoundReport
from billhead.reports._source import Source

__all__ = ["PAGE", "Table", "Total", "streamed", "tabled"]

PAGE = 50
_POINTS = 400

_HOLDS: dict[str, type | tuple[type, ...]] = {
    "text": str,
    "money": Money,
    "date": date,
    "count": int,
    "link": ReportLink,
}

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Total:
    """The sums of one currency, "" where the report shows no money. A cell per column, None where nothing is summed.
    Credits, which may stand beside money, have a total of their own; counts go with the money."""

    currency: str
    cells: Row


@dataclass(frozen=True, slots=True)
class Table:
    """A page of `count` rows. `first_rows` are for the chart: all rows, or so many that nobody could see more."""

    rows: list[Row]
    count: int
    page: int
    pages: int
    totals: list[Total]
    ties: list[ReportTie]
    first_rows: list[Row]


def streamed(session: Session, found: FoundReport, asked: ReportAsked) -> Iterator[Row]:
    """All rows, checked against the columns. Raises PluginFailed for what a plugin's report does wrong."""
    try:
        for row in found.report.rows(Source(session), asked):
            yield _checked(found.report, row)
    except Exception as error:
        if not found.plugin or isinstance(error, BillheadError):
            raise
        raise PluginFailed(found.plugin, f"report {found.report.code}: {type(error).__name__}: {error}") from error


def tabled(session: Session, found: FoundReport, asked: ReportAsked, *, page: int = 1, size: int = PAGE) -> Table:
    """One pass over the rows, holding one page of them. A page after the last is the last."""
    count, points, sums = 0, list[Row](), _Sums(found.report)
    kept, current = list[Row](), list[Row]()
    for row in streamed(session, found, asked):
        if count % size == 0:
            current = []
        if count // size == page - 1:
            kept = current
        current.append(row)
        if count < _POINTS:
            points.append(row)
        sums.add(row)
        count += 1
    pages = max(1, -(-count // size))
    ties = list(found.report.ties(Source(session), asked)) if found.report.ties else []
    return Table(kept or current, count, min(page, pages), pages, sums.totals(), ties, points)


def _checked(report: Report, row: Sequence[Any]) -> Row:
    if len(row) != len(report.columns):
        raise ValueError(f"a row has {len(row)} cells where {len(report.columns)} columns are declared")
    cells = tuple(_cell(column, cell) for column, cell in zip(report.columns, row, strict=True))
    currencies = {cell.currency for cell in cells if isinstance(cell, Money)} - {CREDITS}
    if len(currencies) > 1:
        raise ValueError(f"a row holds money of several currencies: {', '.join(sorted(currencies))}")
    return cells


def _cell(column: ReportColumn, cell: Any) -> Any:
    if cell is None:
        return None
    if column.kind == "date":
        cell = _day(cell)
    if not isinstance(cell, _HOLDS[column.kind]) or (column.kind == "count" and isinstance(cell, bool)):
        raise ValueError(f"the column {column.code} holds {cell!r}, which is no {column.kind}")
    return cell


def _day(cell: Any) -> Any:
    """SQLite gives dates as text where a statement was written as text."""
    if isinstance(cell, datetime):
        return cell.date()
    return date.fromisoformat(cell[:10]) if isinstance(cell, str) else cell


class _Sums:
    """Running totals by currency."""

    def __init__(self, report: Report) -> None:
        self._summed = [n for n, column in enumerate(report.columns) if column.total]
        self._width = len(report.columns)
        self._by_currency: dict[str, list[Any]] = {}

    def add(self, row: Row) -> None:
        if not self._summed:
            return
        for n in self._summed:
            if row[n] is not None:
                currency = row[n].currency if isinstance(row[n], Money) else currency_of(row)
                sums = self._by_currency.setdefault(currency, [None] * self._width)
                sums[n] = row[n] if sums[n] is None else sums[n] + row[n]

    def totals(self) -> list[Total]:
        return [Total(currency, tuple(sums)) for currency, sums in sorted(self._by_currency.items())]
