"""Rows as other programs read them: for CSV and for JSON."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from billhead.domain.money import CREDITS, Money
from billhead.plugin import Report, ReportLink

__all__ = ["as_csv", "as_json", "csv_columns", "currency_of"]


def csv_columns(report: Report) -> list[str]:
    """The headings; where money stands in a row that does not name its currency, a column for it comes last."""
    labels = [column.label for column in report.columns]
    return [*labels, "Currency"] if _needs_currency(report) else labels


def as_csv(report: Report, row: Sequence[Any]) -> list[Any]:
    """Amounts as plain numbers, so that a spreadsheet can add them."""
    cells = [_plain(cell) for cell in row]
    if _needs_currency(report):
        cells.append(currency_of(row))
    return cells


def currency_of(row: Sequence[Any]) -> str:
    """That of its money, else of its credits, else ""."""
    found = {cell.currency for cell in row if isinstance(cell, Money)}
    return min(found - {CREDITS} or found, default="")


def as_json(report: Report, row: Sequence[Any]) -> dict[str, Any]:
    """Column code → value: dates as text, money as {"amount": "12.50", "currency": "EUR"}, links as text and id."""
    return {column.code: _structured(cell) for column, cell in zip(report.columns, row, strict=True)}


def _needs_currency(report: Report) -> bool:
    has_money = any(column.kind == "money" for column in report.columns)
    return has_money and all(column.code != "currency" for column in report.columns)


def _plain(cell: Any) -> Any:
    if isinstance(cell, Money):
        return cell.decimal()  # no text: a minus in front would be taken for a formula
    if isinstance(cell, ReportLink):
        return cell.text
    return "" if cell is None else cell.isoformat() if isinstance(cell, date) else cell


def _structured(cell: Any) -> Any:
    if isinstance(cell, Money):
        return {"amount": f"{cell.decimal():f}", "currency": cell.currency}
    if isinstance(cell, ReportLink):
        return {"text": cell.text, cell.to: cell.key}
    return cell.isoformat() if isinstance(cell, date) else cell
