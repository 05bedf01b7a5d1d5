"""What the reseller earns: its users' credits and their cost, against its own prices; with those below it."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.resellers._tree import subtree
from billhead.charts import Chart, Series
from billhead.db import reading
from billhead.domain.errors import InvalidInput
from billhead.domain.money import CREDITS, Money
from billhead.domain.whole_number import whole_number
from billhead.models.people import Reseller
from billhead.plugin import allow
from billhead.reports._margins import Margin, margins
from billhead.web.changing import day_of
from billhead.web.csv_export import csv_response
from billhead.web.errors import refusal
from billhead.web.pages import page
from billhead.web.paging import Rows
from billhead.web.reseller.area import my_zone, own_customer, own_id, reseller
from billhead.web.speaking import say

__all__: list[str] = []

_CSV = ("reseller", "plan", "term", "purchases", "credits", "cost", "sold", "margin", "currency", "without_price")
_MONTHS = 6
_PAGE = 100
_DAY = timedelta(days=1)


@reseller.get("/margin")
@allow("reseller", "super_reseller")
def margin() -> ResponseReturnValue:
    """Of this month, or of the days in the address; with those below where that is asked for."""
    today = clock.today_in(my_zone())
    problem, since, until = "", today.replace(day=1), today
    try:
        since, until = day_of(request.args, "from") or since, day_of(request.args, "to") or until
        if since > until:
            raise InvalidInput("to", say("is before the first day"))
    except InvalidInput as refused:
        problem, _status = refusal(refused)
    below = request.args.get("below") == "yes"
    whose = subtree(own_id()) if below else select(Reseller.id).where(Reseller.id == own_id())
    with reading() as session:
        rows = [] if problem else margins(session, whose, since, until + _DAY)
        currency = own_customer(session).currency
        if request.args.get("format") == "csv" and not problem:
            return csv_response("margin", [say(head) for head in _CSV], [_cells(row) for row in rows])
        chart = None if below else _chart(session, today, currency)
    sums, unpriced = _sums(rows), {row.currency for row in rows if row.purchases > row.priced}
    told = {
        "sums": sums,
        "unpriced": unpriced,
        "rows": rows,
        "turned": _turned(rows),
        "since": since,
        "until": until,
        "below": below,
        "chart_of": chart,
        "problem": problem,
    }
    kept: dict[str, Any] = {name: request.args[name] for name in ("from", "to", "below") if request.args.get(name)}
    as_csv = url_for("reseller.margin", **{**kept, "format": "csv"})
    return page("reseller/margin.html", **told, currency=currency, as_csv=as_csv), 422 if problem else 200


def _turned(rows: Sequence[Margin]) -> Rows:
    """The rows of the page that is asked for, and the addresses of those before and after it."""
    pages = max(1, -(-len(rows) // _PAGE))
    number = min(whole_number(request.args.get("page", ""), 8) or 1, pages)

    def to(page: int) -> str:
        asked: dict[str, Any] = request.args.to_dict()
        return url_for("reseller.margin", **{**asked, "page": page}) if 1 <= page <= pages else ""

    first = (number - 1) * _PAGE
    return Rows(list(rows[first : first + _PAGE]), newer=to(number - 1), older=to(number + 1))


def _cells(row: Margin) -> list[object]:
    sold = Money(row.sold_minor, row.currency).decimal() if row.sold is not None else ""
    earned = Money(row.earned_minor, row.currency).decimal() if row.sold is not None else ""
    return [
        row.reseller, row.plan, row.term, row.purchases, Money(row.credits_minor, CREDITS).decimal(),
        Money(row.cost_minor, row.currency).decimal(), sold, earned, row.currency, row.purchases - row.priced,
    ]  # fmt: skip


def _sums(rows: Sequence[Margin]) -> list[tuple[str, int, int, int]]:
    """(currency, cost, sold, margin) of what has a price."""
    by_currency = sorted((row for row in rows if row.sold is not None), key=lambda row: row.currency)
    found = []
    for currency, group in groupby(by_currency, key=lambda row: row.currency):
        each = list(group)
        cost, sold = sum(row.priced_cost_minor for row in each), sum(row.sold_minor for row in each)
        found.append((currency, cost, sold, sold - cost))
    return found


def _chart(session: Session, today: date, currency: str) -> Chart | None:
    """Cost and sale of the last months, its own alone."""
    months = _months(today)
    cost, sold = dict.fromkeys(months, 0), dict.fromkeys(months, 0)
    mine = select(Reseller.id).where(Reseller.id == own_id())
    for row in margins(session, mine, months[0], today + _DAY, by_month=True):
        if row.sold is not None and row.month is not None:
            cost[row.month] += row.priced_cost_minor
            sold[row.month] += row.sold_minor
    if not any(cost.values()) and not any(sold.values()):
        return None
    told = say("What the users’ credits had cost, and what they were sold for, by month")
    series = (Series(say("Cost"), list(cost.values())), Series(say("Sold for"), list(sold.values())))
    return Chart(say("The last six months"), "bar", months, series, currency, told, say("Month"))


def _months(today: date) -> list[date]:
    first = today.year * 12 + today.month - 1
    return [date((first - back) // 12, (first - back) % 12 + 1, 1) for back in range(_MONTHS - 1, -1, -1)]
