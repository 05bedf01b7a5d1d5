"""A report's rows as charts: one for each currency, what stands at the same place summed up."""

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from billhead.charts import Chart, Series
from billhead.domain.money import Money
from billhead.plugin import Report, ReportChart, ReportLink
from billhead.reports import Table
from billhead.web.speaking import say, speech

__all__ = ["charts_of"]

_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")
_MOST_DAYS = 800

Place = str | date


def charts_of(report: Report, table: Table) -> list[Chart]:
    """None where the report has no chart, no rows, or more of them than could be told apart."""
    if report.chart is None or not table.count or table.count > len(table.first_rows):
        return []
    return list(_drawn(report, report.chart, table.first_rows))


def _drawn(report: Report, wanted: ReportChart, rows: Sequence[Sequence[Any]]) -> Iterator[Chart]:
    columns = [column.code for column in report.columns]
    labels = {column.code: say(column.label) for column in report.columns}
    at, series = columns.index(wanted.x), [columns.index(code) for code in wanted.series]
    sums: dict[str, dict[Place, list[int]]] = {}
    for row in rows:
        currency = next((row[n].currency for n in series if isinstance(row[n], Money)), "")
        place = sums.setdefault(currency, {}).setdefault(_place(row[at]), [0] * len(series))
        for index, n in enumerate(series):
            place[index] += _number(row[n])
    for currency, by_place in sorted(sums.items()):
        places = _even(list(by_place))
        if len(places) < 2:
            continue
        values = [by_place.get(place, [0] * len(series)) for place in places]
        shown = [Series(labels[code], [one[n] for one in values]) for n, code in enumerate(wanted.series)]
        title = f"{say(report.title)}, {currency}" if currency else say(report.title)
        by = labels[wanted.x].lower() if speech().language == "en" else labels[wanted.x]
        yield Chart(
            title,
            wanted.kind,
            places,  # type: ignore[arg-type]  # all words or all dates
            shown,
            currency,
            say("%(what)s by %(place)s.", what=", ".join(labels[code] for code in wanted.series), place=by),
            labels[wanted.x],
        )


def _place(cell: Any) -> Place:
    if isinstance(cell, ReportLink):
        return cell.text
    if isinstance(cell, str) and _MONTH.fullmatch(cell):
        return date(int(cell[:4]), int(cell[5:]), 1)
    return cell if isinstance(cell, date) else str(cell or "–")


def _number(cell: Any) -> int:
    return cell.minor if isinstance(cell, Money) else int(cell or 0)


def _even(places: list[Place]) -> list[Place]:
    """Days without a row have a place too, so that the axis is even; months have none missing."""
    days = [place for place in places if isinstance(place, date)]
    if len(days) != len(places) or all(day.day == 1 for day in days):
        return places
    first, last = min(days), max(days)
    if (last - first).days > _MOST_DAYS:
        return sorted(days)
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
