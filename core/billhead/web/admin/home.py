"""The dashboard: what needs a person, and the day's figures. Eight queries, however large the house is."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.db import reading
from billhead.domain.document import OWED
from billhead.models.documents import Document, FailedItem
from billhead.models.fraud import FraudCase
from billhead.models.operations import EventDelivery, Job, Notice
from billhead.models.panels import Panel, UpstreamPurchase
from billhead.models.payments import Callback, GatewayAccount, Payment, PaymentAttempt
from billhead.models.subscriptions import Service
from billhead.plugin import allow
from billhead.plugin_host import plugins
from billhead.web.admin.area import admin, staff_zone
from billhead.web.admin.payments import UNDECIDED
from billhead.web.pages import page

__all__ = ["home"]

_SOON_DECIDED = timedelta(minutes=10)


@admin.get("/")
@allow("staff")
def home() -> ResponseReturnValue:
    today = clock.today_in(staff_zone())
    with reading() as session:
        counts = _counts(session)
        panels = session.scalars(
            select(Panel).where(or_(Panel.open_until > clock.business_now(), Panel.maintenance)).order_by(Panel.name)
        ).all()
        figures = _figures(session, today)
    return page(
        "admin/home.html",
        today=today,
        needs=_needs(counts),
        lines=counts["lines"],
        panels=panels,
        broken=plugins().broken(),
        figures=figures,
    )


def _count(kind: Any, *conditions: ColumnElement[bool]) -> Any:
    return select(func.count()).select_from(kind).where(*conditions).scalar_subquery()


def _counts(session: Session) -> dict[str, int]:
    """Two statements for everything that is counted."""
    seen = _services(session)
    counted = {
        "jobs": _count(Job, Job.state.in_(["failed", "parked"])),
        "quarantined": _count(Callback, Callback.state == "quarantined"),
        "paused": _count(GatewayAccount, GatewayAccount.paused_because != ""),
        "rejected": _count(Callback, Callback.state == "rejected"),
        "undecided": _count(
            PaymentAttempt,
            PaymentAttempt.state.in_(UNDECIDED),
            PaymentAttempt.created_at < clock.business_now() - _SOON_DECIDED,
        ),
        "deliveries": _count(EventDelivery, EventDelivery.state == "parked"),
        "notices": _count(Notice, Notice.state == "unknown"),
        "unbilled": _count(FailedItem),
        "purchases": _count(UpstreamPurchase, UpstreamPurchase.state == "unknown", UpstreamPurchase.look_at.is_(None)),
        "unbought": _count(UpstreamPurchase, UpstreamPurchase.state == "not_bought"),
        "held": _count(FraudCase, FraudCase.state == "review"),
        "low": _count(Panel, Panel.balance_told.is_(True)),
    }
    row = session.execute(select(*(column.label(name) for name, column in counted.items()))).one()
    return {**seen, **{name: int(getattr(row, name)) for name in counted}}


def _services(session: Session) -> dict[str, int]:
    """One pass over the services: how many are in which kind of trouble, and how many lines run."""
    runs = (
        (Service.lifecycle == "wanted")
        & (Service.sync == "ok")
        & Service.desired_blocked.is_(False)
        & (Service.desired_expires_at > clock.business_now())
    )
    troubles = ("failed", "unknown", "impossible")
    row = session.execute(
        select(
            func.count().filter(runs).label("lines"),
            *(func.count().filter(Service.sync == trouble).label(trouble) for trouble in troubles),
        ).where(Service.lifecycle != "gone")
    ).one()
    return {name: int(getattr(row, name)) for name in ("lines", *troubles)}


def _needs(counts: dict[str, int]) -> list[tuple[int, str, str]]:
    """(how many, what, where to go) of what is not zero, the most urgent first."""
    places = (
        ("paused", "gateway account{s} paused: the gateway refuses our keys or account", url_for("admin.gateways")),
        ("undecided", "payment{s} undecided for ten minutes or more", url_for("admin.attempts", state="undecided")),
        ("held", "order{s} to be checked", url_for("admin.screening", state="review")),
        ("unbilled", "subscription{s} not billed", url_for("admin.unbilled")),
        ("failed", "service{s} refused by the panel", url_for("admin.services", sync="failed")),
        ("impossible", "service{s} that the panel can't give", url_for("admin.services", sync="impossible")),
        ("unknown", "service{s} of which the panel did not tell", url_for("admin.services", sync="unknown")),
        ("purchases", "purchase{s} to decide", url_for("admin.purchases", state="unknown")),
        ("unbought", "purchase{s} refused upstream", url_for("admin.purchases", state="not_bought")),
        ("low", "panel{s} on which our credit is low", url_for("admin.panels")),
        ("jobs", "job{s} parked", url_for("admin.jobs", state="needs a person")),
        ("rejected", "callback{s} proven, but of no payment of ours", url_for("admin.callbacks", state="rejected")),
        ("quarantined", "callback{s} in quarantine", url_for("admin.callbacks", state="quarantined")),
        ("deliveries", "event{s} not taken by a plugin", url_for("admin.deliveries", state="parked")),
        (
            "notices",
            "message{s} possibly not sent",
            url_for("admin.notices", state="unknown"),
        ),
    )
    return [
        (counts[name], told.format(s="" if counts[name] == 1 else "s"), where)
        for name, told, where in places
        if counts[name]
    ]


def _figures(session: Session, today: date) -> list[tuple[str, dict[str, tuple[int, int]]]]:
    """(currency, {due, invoiced, paid → (how many, minor units)}) of the day, in staff's zone."""
    zone = ZoneInfo(staff_zone())
    begins = datetime.combine(today, time(), zone).astimezone(UTC)
    owed = Document.total_minor - Document.settled_minor
    asked = {
        "due": select(Document.currency, func.count(), func.sum(owed)).where(
            Document.state.in_(["open", *(s.value for s in OWED)]), Document.due_on <= today
        ),
        "invoiced": select(Document.currency, func.count(), func.sum(Document.total_minor)).where(
            Document.kind == "invoice", Document.issued_on == today
        ),
        "paid": select(Payment.currency, func.count(), func.sum(Payment.amount_minor)).where(
            Payment.received_at >= begins, Payment.state == "received"
        ),
    }
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for name, query in asked.items():
        for currency, count, minor in session.execute(query.group_by(query.selected_columns[0])):
            found.setdefault(currency, {})[name] = (int(count), int(minor or 0))
    return sorted(found.items())
