"""Reports: all of them in a list, and each with its filters, a page of its table, totals, ties and CSV."""

from collections.abc import Iterator, Sequence
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy import select

from billhead import clock
from billhead.db import reading
from billhead.domain.errors import InvalidInput
from billhead.domain.money import Money
from billhead.domain.whole_number import whole_number
from billhead.models.sellers import Seller
from billhead.plugin import ReportAsked, ReportColumn, ReportLink, ReportParameter, allow
from billhead.reports import FoundReport, all_reports, as_csv, ask, csv_columns, report_of, streamed, tabled
from billhead.web.admin.area import admin, staff_zone
from billhead.web.admin.report_charts import charts_of
from billhead.web.csv_export import csv_response
from billhead.web.errors import refusal
from billhead.web.formatting import day, money, whole
from billhead.web.pages import page
from billhead.web.speaking import say

__all__ = ["report", "reports"]

_CSS = {"money": "num", "count": "num", "date": "when"}
_WORDS = ("kind", "reason", "state")  # columns that hold one of a few words; the others hold names


@admin.get("/reports")
@allow("staff")
def reports() -> ResponseReturnValue:
    groups: dict[str, list[FoundReport]] = {}
    for found in all_reports():
        groups.setdefault(found.report.group, []).append(found)
    return page("admin/reports.html", groups=groups)


@admin.get("/reports/<code>")
@allow("staff")
def report(code: str) -> ResponseReturnValue:
    found = report_of(code)
    typed = {name: value for name, value in request.args.items() if value}
    with reading() as session:
        sellers = session.execute(select(Seller.code, Seller.name, Seller.id).order_by(Seller.name)).all()
        try:
            asked = ask(session, found.report, typed, clock.today_in(staff_zone()))
        except InvalidInput as error:
            told, status = refusal(error)
            frame = _frame(found, typed, sellers)
            return page("admin/report.html", **frame, refused=error.field, told=told, table=None), status
        if request.args.get("format") == "csv":
            return csv_response(code, csv_columns(found.report), _all(found, asked))
        table = tabled(session, found, asked, page=_page())
    values = {**typed, **_as_typed(found.report.parameters, asked, sellers)}
    shown = {**_frame(found, values, sellers), "charts": charts_of(found.report, table)}
    return page("admin/report.html", **shown, refused="", table=table, turned=_turned)


def _frame(found: FoundReport, typed: dict[str, str], sellers: Sequence[Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {one.code: typed[one.code] for one in found.report.parameters if typed.get(one.code)}
    return {
        "report": found.report,
        "plugin": found.plugin,
        "typed": typed,
        "sellers": sellers,
        "as_csv": url_for("admin.report", **kept, code=found.report.code, format="csv"),
        "show": _show,
        "css": lambda column: _CSS.get(column.kind, ""),
    }


def _as_typed(parameters: Sequence[ReportParameter], asked: ReportAsked, sellers: Sequence[Any]) -> dict[str, str]:
    """The values that were taken, defaults too, as the filters show them."""
    codes = {seller_id: code for code, _, seller_id in sellers}
    values = {one.code: asked[one.code] for one in parameters if asked[one.code] is not None}
    kinds = {one.code: one.kind for one in parameters}
    return {name: codes[value] if kinds[name] == "seller" else str(value) for name, value in values.items()}


def _page() -> int:
    text = request.args.get("page", "")
    return max(1, whole_number(text, 8) or 1)


def _turned(number: int) -> str:
    kept = {name: value for name, value in request.args.items() if name != "page"}
    return url_for(str(request.endpoint), **{**(request.view_args or {}), **kept, "page": number})


def _all(found: FoundReport, asked: ReportAsked) -> Iterator[list[Any]]:
    with reading() as session:
        for row in streamed(session, found, asked):
            yield as_csv(found.report, row)


def _show(column: ReportColumn, cell: Any) -> Any:
    """A cell as the page shows it."""
    if cell is None or cell == "":
        return "–"
    if isinstance(cell, Money):
        return money(cell.minor, cell.currency)
    if isinstance(cell, ReportLink):
        return Markup('<a href="{}">{}</a>').format(url_for(f"admin.{cell.to}", key=cell.key), cell.text)
    if column.code in _WORDS:
        return say(cell)
    return day(cell) if column.kind == "date" else whole(cell) if column.kind == "count" else cell
