"""What viewings tell of money: who watches without paying, who pays and does not watch, lines that many share."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, exists, func, or_, select

from billhead import clock
from billhead.domain.subscription import RUNNING, State
from billhead.models.panels import Panel
from billhead.models.subscriptions import Service, Subscription, SubscriptionEvent
from billhead.models.viewings import SharingCase, Viewing, ViewingCursor
from billhead.plugin import Report, ReportAsked, ReportLink, ReportParameter
from billhead.reports._leaking import COLUMNS, SHARED, leaking, shown
from billhead.reports._parameters import CURRENCY, SELLER
from billhead.reports._source import Source
from billhead.wording import marked

__all__ = ["REPORT"]

_EPOCH = date(1970, 1, 1)
_TITLES = {
    "watched_unpaid": marked("Watches, not paid"),
    "paid_unwatched": marked("Paid, does not watch"),
    "shared": marked("Watched by several households"),
    "strangers": marked("Watches, and is nobody's line here"),
}
_STOPPING = ("suspend", "cancel")


def _lines(asked: ReportAsked, *more: Any) -> Select[Any]:
    of_line = leaking(asked, Service.id, Service.login, *more)
    return of_line.join(Service, Service.subscription_id == Subscription.id).order_by(Service.id)


def _rows(source: Source, asked: ReportAsked) -> Iterator[tuple[Any, ...]]:
    since = (asked.today - timedelta(days=asked["days"]) - _EPOCH).days
    for code, told in (("watched_unpaid", _unpaid), ("paid_unwatched", _unwatched), ("shared", _shared)):
        if asked["kind"] in (None, code):
            for row, why in told(source, asked, since):
                service_id, login = row[SHARED : SHARED + 2]
                yield shown(_TITLES[code], row, ReportLink(login, "service", service_id), why)
    if asked["kind"] in (None, "strangers") and asked["currency"] is None:
        yield from _strangers(source, asked, since)


def _unpaid(source: Source, asked: ReportAsked, since: int) -> Iterator[tuple[Any, str]]:
    """A session that began after the paid time was over, or on a later day than that on which it was stopped."""
    stops = (
        select(SubscriptionEvent.subscription_id, func.max(SubscriptionEvent.effective_on).label("day"))
        .where(SubscriptionEvent.kind.in_(_STOPPING))
        .group_by(SubscriptionEvent.subscription_id)
        .subquery()
    )
    last = (
        select(Viewing.service_id, func.max(Viewing.began).label("at"))
        .where(Viewing.day >= since, Viewing.service_id > 0)
        .group_by(Viewing.service_id)
        .subquery()
    )
    stopped = or_(
        Service.desired_blocked, Service.lifecycle.in_(("unwanted", "gone")), Subscription.state == State.CANCELED.value
    )
    query = (
        _lines(asked, Service.desired_expires_at, stops.c.day, last.c.at, stopped)
        .join(last, last.c.service_id == Service.id)
        .outerjoin(stops, stops.c.subscription_id == Subscription.id)
        .where(or_(stopped, Service.desired_expires_at <= clock.business_now()))
    )
    for row in source.session.execute(query):
        ends, stopped_on, at, is_stopped = row[SHARED + 2 :]
        watched = datetime.fromtimestamp(at, UTC)
        after_end = ends is not None and watched > ends
        after_stop = is_stopped and stopped_on is not None and watched.date() > stopped_on
        if after_end or after_stop:
            yield row, f"watched on {watched:%Y-%m-%d}"


def _unwatched(source: Source, asked: ReportAsked, since: int) -> Iterator[tuple[Any, str]]:
    """Of panels that tell. Who does not watch is about to leave."""
    watched = exists().where(Viewing.service_id == Service.id, Viewing.day >= since)
    started_before = Subscription.started_on < asked.today - timedelta(days=asked["days"])
    query = (
        _lines(asked)
        .join(ViewingCursor, ViewingCursor.panel_id == Service.panel_id)
        .where(Service.lifecycle == "wanted", Service.desired_blocked.is_(False), Service.observed_at.is_not(None))
        .where(Subscription.state.in_([state.value for state in RUNNING]), started_before, ~watched)
        .where(Service.desired_expires_at > clock.business_now())
    )
    for row in source.session.execute(query):
        yield row, f"nothing for {asked['days']} days"


def _shared(source: Source, asked: ReportAsked, _since: int) -> Iterator[tuple[Any, str]]:
    open_case = and_(SharingCase.service_id == Service.id, SharingCase.state == "open")
    query = _lines(asked, SharingCase.score, SharingCase.reasons).join(SharingCase, open_case)
    for row in source.session.execute(query):
        score, reasons = row[SHARED + 2 :]
        over = ", ".join(f"{one['was']} {name.replace('_', ' ')}" for name, one in reasons.items())
        yield row, f"score {score}: {over}"


def _strangers(source: Source, asked: ReportAsked, since: int) -> Iterator[tuple[Any, ...]]:
    """What a panel serves and nobody here sold. It has no price here."""
    query = (
        select(Panel.name, Viewing.login, Viewing.ref, func.count())
        .join(Panel, Panel.id == Viewing.panel_id)
        .where(Viewing.service_id == 0, Viewing.day >= since)
        .group_by(Panel.name, Viewing.login, Viewing.ref)
        .order_by(func.count().desc(), Viewing.login)
    )
    if asked["seller"] is not None:
        query = query.where(Panel.seller_id == asked["seller"])
    for panel, login, ref, times in source.session.execute(query):
        name = login or ref or "without a name"
        yield _TITLES["strangers"], None, None, None, None, f"{name} on {panel}: {times} sessions", None, None


REPORT = Report(
    code="watching-leaks",
    title=marked("Watching and paying"),
    description=marked(
        "From what the panels told of the last days: lines that are watched and not paid, paid lines that are "
        "not watched, lines that look shared, and lines that are nobody's here, each with what its term costs."
    ),
    group=marked("Leaks"),
    parameters=(
        ReportParameter("kind", marked("Kind"), "choice", options=tuple(_TITLES.items())),
        ReportParameter("days", marked("Of the last days"), "count", default="14"),
        SELLER,
        CURRENCY,
    ),
    columns=COLUMNS,
    rows=_rows,
)
