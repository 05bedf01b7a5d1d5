"""The dashboard: what needs a person, the period's money, and the health of panels, gateways and jobs.

A bounded number of queries, however large the house is (tests/web/admin/test_admin_home.py counts them).
"""

from datetime import timedelta
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.jobs._chosen import NEEDS_A_PERSON
from billhead.actions.setup._steps import steps_of
from billhead.db import reading
from billhead.models.banking import TransferProof
from billhead.models.documents import FailedItem
from billhead.models.fraud import FraudCase
from billhead.models.operations import EventDelivery, Job, Notice
from billhead.models.panels import Panel, UpstreamPurchase
from billhead.models.payments import Callback, Dispute, GatewayAccount, PaymentAttempt, UnassignedMoney
from billhead.plugin import allow
from billhead.plugin_host import plugins
from billhead.reports._recurring_moves import recurring_moves
from billhead.web.admin.area import admin, staff_zone
from billhead.web.admin.home_figures import PERIODS, charts_of, debts, income, lines, span_of, work
from billhead.web.admin.payments import UNDECIDED
from billhead.web.pages import page

__all__ = ["home"]

_SOON_DECIDED = timedelta(minutes=10)
_SHOWN = 12


@admin.get("/")
@allow("staff")
def home() -> ResponseReturnValue:
    today = clock.today_in(staff_zone())
    span = span_of(request.args.get("period", ""), today)
    with reading() as session:
        running = lines(session)
        needs = _needs({**running, **_counts(session)})
        panels = session.scalars(select(Panel).order_by(Panel.failures.desc(), Panel.name).limit(_SHOWN + 1)).all()
        gateways = session.scalars(select(GatewayAccount).order_by(GatewayAccount.position, GatewayAccount.id)).all()
        incomes = income(session, span, today, staff_zone())
        shown = {
            "debts": debts(session, today),
            "moves": recurring_moves(session, span.first - timedelta(days=1), span.last),
            "work": work(session),
            "steps": steps_of(session) if not incomes else [],
        }
    return page(
        "admin/home.html",
        today=today,
        span=span,
        periods=PERIODS,
        needs=needs,
        lines=running,
        panels=panels[:_SHOWN],
        more_panels=len(panels) > _SHOWN,
        gateways=gateways[:_SHOWN],
        resting=[one for one in panels if one.maintenance or _is_open(one)],
        is_open=_is_open,
        broken=plugins().broken(),
        incomes=incomes,
        charts=charts_of(incomes, span),
        **shown,
    )


def _is_open(panel: Panel) -> bool:
    """Its breaker: it is not called before an instant."""
    return panel.open_until is not None and panel.open_until > clock.business_now()


def _count(kind: Any, *conditions: ColumnElement[bool]) -> Any:
    return select(func.count()).select_from(kind).where(*conditions).scalar_subquery()


def _counts(session: Session) -> dict[str, int]:
    """One statement for everything that is counted."""
    counted = {
        "jobs": _count(Job, Job.state.in_(NEEDS_A_PERSON)),
        "quarantined": _count(Callback, Callback.state == "quarantined"),
        "paused": _count(GatewayAccount, GatewayAccount.paused_because != ""),
        "rejected": _count(Callback, Callback.state == "rejected"),
        "undecided": _count(
            PaymentAttempt,
            PaymentAttempt.state.in_(UNDECIDED),
            PaymentAttempt.created_at < clock.business_now() - _SOON_DECIDED,
        ),
        "unassigned": _count(
            UnassignedMoney, UnassignedMoney.payment_id.is_(None), UnassignedMoney.returned_at.is_(None)
        ),
        "proofs": _count(TransferProof, TransferProof.state == "waiting"),
        "disputes": _count(Dispute, Dispute.state == "open"),
        "deliveries": _count(EventDelivery, EventDelivery.state == "parked"),
        "notices": _count(Notice, Notice.state == "unknown"),
        "unbilled": _count(FailedItem),
        "purchases": _count(UpstreamPurchase, UpstreamPurchase.state == "unknown", UpstreamPurchase.look_at.is_(None)),
        "unbought": _count(UpstreamPurchase, UpstreamPurchase.state == "not_bought"),
        "held": _count(FraudCase, FraudCase.state == "review"),
        "low": _count(Panel, Panel.balance_told.is_(True)),
        "down": _count(Panel, or_(Panel.open_until > clock.business_now(), Panel.maintenance)),
    }
    row = session.execute(select(*(column.label(name) for name, column in counted.items()))).one()
    return {name: int(getattr(row, name)) for name in counted}


def _needs(counts: dict[str, int]) -> list[tuple[int, str, str]]:
    """(how many, what, where to go) of what is not zero, the most urgent first."""
    places = (
        ("paused", "gateway account{s} paused: the gateway refuses our keys or account", url_for("admin.gateways")),
        ("down", "panel{s} not called: resting, or under maintenance", url_for("admin.panels")),
        ("undecided", "payment{s} undecided for ten minutes or more", url_for("admin.attempts", state="undecided")),
        ("unassigned", "transfer{s} without an owner", url_for("admin.unassigned")),
        ("proofs", "proof{s} of transfer to look at", url_for("admin.proofs", state="waiting")),
        ("disputes", "dispute{s} open", url_for("admin.disputes", state="open")),
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
        ("notices", "message{s} possibly not sent", url_for("admin.notices", state="unknown")),
    )
    return [
        (counts[name], told.format(s="" if counts[name] == 1 else "s"), where)
        for name, told, where in places
        if counts[name]
    ]
