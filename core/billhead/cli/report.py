"""`billhead report`: which reports there are, and each of them as a table, JSON or CSV."""

import json
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import click
from sqlalchemy.orm import Session

from billhead import clock
from billhead.cli import in_app, json_option, show
from billhead.cli._dates import DATE
from billhead.csv_lines import csv_lines
from billhead.db import reading
from billhead.domain.errors import InvalidInput
from billhead.plugin import ReportAsked, ReportColumn, ReportLink, ReportTie
from billhead.reports import (
    FoundReport,
    Table,
    all_reports,
    as_csv,
    as_json,
    ask,
    csv_columns,
    report_of,
    streamed,
    tabled,
)

__all__ = ["command"]

_MANY = 1_000_000


@click.command("report")
@click.argument("code", required=False)
@click.option("--from", "first", type=DATE, help="The first day.")
@click.option("--to", type=DATE, help="The last day.")
@click.option("--as-of", type=DATE, help="The day that it shows.")
@click.option("--seller", default="", help="Only this seller, by its code.")
@click.option("--currency", default="", help="Only this currency.")
@click.option("--set", "more", multiple=True, metavar="NAME=VALUE", help="Any other parameter of the report.")
@click.option("--csv", "csv_asked", is_flag=True, help="Print CSV and nothing else.")
@json_option
@in_app
def command(
    code: str | None,
    first: date | None,
    to: date | None,
    as_of: date | None,
    seller: str,
    currency: str,
    more: Sequence[str],
    csv_asked: bool,
    as_json: bool,
) -> None:
    """Print the report CODE; without one, say which there are."""
    if code is None:
        _list(as_json)
        return
    given = {"from": first, "to": to, "as_of": as_of, "seller": seller, "currency": currency}
    typed = {name: str(value) for name, value in given.items() if value} | dict(_pair(text) for text in more)
    found = report_of(code)
    known = [parameter.code for parameter in found.report.parameters]
    for name in typed:
        if name not in known:
            asks = f"it asks for {', '.join(known)}" if known else "it asks for nothing"
            raise InvalidInput(name, f"the report {code} does not ask for it", hint=asks)
    with reading() as session:
        asked = ask(session, found.report, typed, clock.business_now().date())
        if csv_asked:
            for line in csv_lines(csv_columns(found.report), _csv_rows(session, found, asked)):
                click.echo(line, nl=False)
        elif as_json:
            _print_json(session, found, asked)
        else:
            for line in _lines(found, tabled(session, found, asked, size=_MANY)):
                click.echo(line)


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise InvalidInput("set", f"{text!r} is not NAME=VALUE")
    return name.strip(), value.strip()


def _list(as_json: bool) -> None:
    rows = [
        {
            "code": found.report.code,
            "title": found.report.title,
            "description": found.report.description,
            "plugin": found.plugin,
            "parameters": [parameter.code for parameter in found.report.parameters],
        }
        for found in all_reports()
    ]
    show({"reports": rows}, as_json, [f"{row['code']:24} {row['title']}" for row in rows])


def _csv_rows(session: Session, found: FoundReport, asked: ReportAsked) -> Iterator[list[Any]]:
    for row in streamed(session, found, asked):
        yield as_csv(found.report, row)


def _print_json(session: Session, found: FoundReport, asked: ReportAsked) -> None:
    table = tabled(session, found, asked, size=_MANY)
    result = {
        "report": found.report.code,
        "asked": {name: str(value) for name, value in asked.values.items() if value is not None},
        "rows": [as_json(found.report, row) for row in table.rows],
        "totals": [{"currency": total.currency, **_summed(found, total.cells)} for total in table.totals],
        "ties": [_tie(tie) for tie in table.ties],
    }
    click.echo(json.dumps(result, ensure_ascii=False))


def _summed(found: FoundReport, cells: Sequence[Any]) -> dict[str, Any]:
    return {name: value for name, value in as_json(found.report, cells).items() if value is not None}


def _tie(tie: ReportTie) -> dict[str, Any]:
    amounts = {"report": tie.here, "ledger": tie.ledger, "difference": tie.difference}
    plain = {name: f"{amount.decimal():f}" for name, amount in amounts.items()}
    return {"what": tie.what, "currency": tie.here.currency, **plain}


def _lines(found: FoundReport, table: Table) -> Iterator[str]:
    columns = found.report.columns
    shown = [[_cell(cell) for cell in row] for row in table.rows]
    sums = [[_cell(cell) for cell in total.cells] for total in table.totals]
    for line, total in zip(sums, table.totals, strict=True):
        line[0] = line[0] or f"Total {total.currency}".strip()
    heads = [column.label for column in columns]
    widths = [max(len(line[n]) for line in (heads, *shown, *sums)) for n in range(len(columns))]
    yield found.report.title
    for line in (heads, *shown, *sums):
        yield "  ".join(_padded(*one) for one in zip(columns, line, widths, strict=True)).rstrip()
    for tie in table.ties:
        yield f"{tie.what}: {tie.here} and {tie.ledger}, difference {tie.difference}"


def _padded(column: ReportColumn, text: str, width: int) -> str:
    return text.rjust(width) if column.kind in ("money", "count") else text.ljust(width)


def _cell(cell: Any) -> str:
    if isinstance(cell, ReportLink):
        return cell.text
    return "" if cell is None else str(cell)
