"""What is watched: hours, sessions and lines, by channel or film, plan, bouquet, reseller, panel, day or month."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select

from billhead.models.catalogue import Bouquet, Plan
from billhead.models.panels import Panel
from billhead.models.people import Customer, Reseller
from billhead.models.subscriptions import Service, Subscription
from billhead.models.viewings import BouquetItem, ContentTitle, Viewing
from billhead.plugin import Report, ReportAsked, ReportChart, ReportColumn, ReportParameter, ViewingKind
from billhead.reports._bouquets_had import bouquets_had
from billhead.reports._months import months_of
from billhead.reports._parameters import FROM_MONTH, SELLER, TO
from billhead.reports._source import BATCH, Source
from billhead.wording import marked

__all__ = ["REPORT"]

_EPOCH = date(1970, 1, 1)
_SUMS = func.sum(Viewing.ended - Viewing.began), func.count(), func.count(Viewing.service_id.distinct())
_BY = (
    ("content", marked("Channel or film")),
    ("plan", marked("Plan")),
    ("bouquet", marked("Bouquet that the line had")),
    ("reseller", marked("Reseller")),
    ("panel", marked("Panel")),
    ("kind", marked("Kind")),
    ("day", marked("Day")),
    ("month", marked("Month")),
)


def _named() -> ColumnElement[bool]:
    same_item = and_(ContentTitle.kind == Viewing.kind, ContentTitle.item == Viewing.item)
    return and_(ContentTitle.panel_id == Viewing.panel_id, same_item)


def _holds(bouquet_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether the bouquet holds what was watched, as far as its panel told: episodes are not told, series are."""
    row = BouquetItem
    of_it = and_(row.panel_id == Viewing.panel_id, row.bouquet_id == bouquet_id)
    told = exists().where(of_it, row.item == "")
    return or_(Viewing.kind == ViewingKind.EPISODE.value, ~told, exists().where(of_it, row.item == Viewing.item))


def _label(by: str) -> Any:
    return {
        "content": func.coalesce(ContentTitle.title, Viewing.item),
        "plan": Plan.name,
        "bouquet": Bouquet.name,
        "reseller": func.coalesce(Reseller.name, "direct"),
        "panel": Panel.name,
        "kind": Viewing.kind,
    }.get(by, Viewing.day)


def _query(source: Source, asked: ReportAsked, by: str) -> Select[Any]:
    first, until = (asked["from"] - _EPOCH).days, (asked.until - _EPOCH).days
    label = _label(by).label("label")
    query = (
        select(label, *_SUMS)
        .select_from(Viewing)
        .join(Service, Service.id == Viewing.service_id)
        .join(Subscription, Subscription.id == Service.subscription_id)
        .where(Viewing.day >= first, Viewing.day < until)
        .group_by(label)
    )
    if by == "content":
        query = query.outerjoin(ContentTitle, _named())
    elif by == "plan":
        query = query.join(Plan, Plan.id == Subscription.plan_id)
    elif by == "bouquet":
        had = bouquets_had(source.session, first, until).c
        same = and_(had.panel_id == Viewing.panel_id, had.viewing_id == Viewing.viewing_id)
        query = query.join(had.panel_id.table, same).join(Bouquet, Bouquet.id == had.bouquet_id)
        query = query.where(_holds(had.bouquet_id))
    elif by == "reseller":
        query = query.join(Customer, Customer.id == Subscription.customer_id)
        query = query.outerjoin(Reseller, Reseller.id == Customer.reseller_id)
    elif by == "panel":
        query = query.join(Panel, Panel.id == Viewing.panel_id)
    if asked["kind"] is not None:
        query = query.where(Viewing.kind == asked["kind"])
    if asked["seller"] is not None:
        query = query.where(Subscription.seller_id == asked["seller"])
    in_time = by in ("day", "month")
    return query.order_by(label if in_time else _SUMS[0].desc(), label).execution_options(yield_per=BATCH)


def _rows(source: Source, asked: ReportAsked) -> Iterator[tuple[Any, ...]]:
    """One statement, or one a month."""
    by = asked["by"]
    if by == "month":
        yield from _months(source, asked)
        return
    for label, seconds, times, lines in source.session.execute(_query(source, asked, by)):
        shown = (_EPOCH + timedelta(days=label)).isoformat() if by == "day" else str(label)
        yield shown, (int(seconds) + 1800) // 3600, int(times), int(lines)


def _months(source: Source, asked: ReportAsked) -> Iterator[tuple[Any, ...]]:
    """Lines of a month can't be added up from its days, so that each month asks for itself."""
    for start, end in months_of(asked["from"], asked.until):
        month = (start - _EPOCH).days, (end - _EPOCH).days
        row = source.session.execute(
            _query(source, asked, "kind")
            .where(Viewing.day >= month[0], Viewing.day < month[1])
            .with_only_columns(*_SUMS)
            .group_by(None)
            .order_by(None)
        ).one()
        seconds, times, lines = (int(one or 0) for one in row)
        yield f"{start:%Y-%m}", (seconds + 1800) // 3600, times, lines


REPORT = Report(
    code="consumption",
    title=marked("What is watched"),
    description=marked(
        "Hours, sessions and lines that watched, from what the panels told, by channel or film, plan, bouquet "
        "(each that the line had then, by its plan, an add-on or bought once, and that holds what was watched, where "
        "the panel tells that), reseller, panel, kind, day or month. Days are UTC."
    ),
    group=marked("Watching"),
    parameters=(
        FROM_MONTH,
        TO,
        ReportParameter("by", marked("By"), "choice", default="content", options=_BY),
        ReportParameter(
            "kind", marked("Kind"), "choice", options=tuple((kind.value, kind.value) for kind in ViewingKind)
        ),
        SELLER,
    ),
    columns=(
        ReportColumn("what", marked("What")),
        ReportColumn("hours", marked("Hours"), "count"),
        ReportColumn("sessions", marked("Sessions"), "count", total=True),
        ReportColumn("lines", marked("Lines"), "count"),
    ),
    rows=_rows,
    chart=ReportChart("what", ("hours",)),
)
