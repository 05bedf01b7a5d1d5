"""The dashboard: what needs a person, the period's money, and the health of panels, gateways and jobs.

A bounded number of queries, however large the house is (tests/web/admin/test_admin_home.py counts them).
"""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.jobs._chosen import NEEDS_A_PERSON
from billhead.actions.setup._steps import steps_of
from billhead.actions.support._seen import departments_for
from billhead.db import reading
from billhead.models.banking import TransferProof
from billhead.models.documents import FailedItem
from billhead.models.fraud import FraudCase
from billhead.models.operations import EventDelivery, Job, Notice
from billhead.models.panels import Panel, UpstreamPurchase
from billhead.models.payments import Callback, Dispute, GatewayAccount, PaymentAttempt, UnassignedMoney
from billhead.models.shops import ShopSupply
from billhead.models.support import BillDispute, SupportMail, Ticket
from billhead.plugin import allow
from billhead.plugin_host import plugins
from billhead.reports._recurring_moves import recurring_moves
from billhead.web.admin.area import admin, staff_zone
from billhead.web.admin.home_figures import PERIODS, Debt, charts_of, debts, income, lines, span_of, work
from billhead.web.admin.home_totals import totals_of
from billhead.web.admin.payments import UNDECIDED
from billhead.web.formatting import money
from billhead.web.pages import page
from billhead.web.request_context import current_ctx
from billhead.web.speaking import say_count

__all__ = ["home"]

_SOON_DECIDED = timedelta(minutes=10)
_SHOWN = 12

_Need = tuple[str, Callable[[int], str], str, dict[str, Any]]
_NEEDS: tuple[_Need, ...] = (
    (
        "late",
        lambda count: say_count(
            "job has waited for a quarter of an hour or more",
            "jobs have waited for a quarter of an hour or more",
            count,
        ),
        "jobs",
        {"state": "queued"},
    ),
    (
        "paused",
        lambda count: say_count(
            "gateway account paused: the gateway refuses our keys or account",
            "gateway accounts paused: the gateway refuses our keys or account",
            count,
        ),
        "gateways",
        {},
    ),
    (
        "down",
        lambda count: say_count(
            "panel not called: resting, or under maintenance", "panels not called: resting, or under maintenance", count
        ),
        "panels",
        {},
    ),
    (
        "unrepaired",
        lambda count: say_count(
            "panel on which so much is missing that its repair waits for you",
            "panels on which so much is missing that their repair waits for you",
            count,
        ),
        "panels",
        {},
    ),
    (
        "undecided",
        lambda count: say_count(
            "payment undecided for ten minutes or more", "payments undecided for ten minutes or more", count
        ),
        "attempts",
        {"state": "undecided"},
    ),
    (
        "unassigned",
        lambda count: say_count("transfer without an owner", "transfers without an owner", count),
        "unassigned",
        {},
    ),
    (
        "proofs",
        lambda count: say_count("proof of transfer to look at", "proofs of transfer to look at", count),
        "proofs",
        {"state": "waiting"},
    ),
    ("disputes", lambda count: say_count("dispute open", "disputes open", count), "disputes", {"state": "open"}),
    (
        "held",
        lambda count: say_count("order to be checked", "orders to be checked", count),
        "screening",
        {"state": "review"},
    ),
    (
        "tickets",
        lambda count: say_count("ticket that waits for an answer", "tickets that wait for an answer", count),
        "tickets",
        {"state": "open"},
    ),
    (
        "disputed",
        lambda count: say_count("bill that a customer disputes", "bills that customers dispute", count),
        "bill_disputes",
        {"state": "open"},
    ),
    (
        "mails",
        lambda count: say_count("mail to be sorted", "mails to be sorted", count),
        "support_mails",
        {"state": "waiting"},
    ),
    (
        "refused",
        lambda count: say_count(
            "order of a reseller’s shop refused by the panel", "orders of resellers’ shops refused by the panel", count
        ),
        "shop_orders",
        {"state": "refused"},
    ),
    ("unbilled", lambda count: say_count("subscription not billed", "subscriptions not billed", count), "unbilled", {}),
    (
        "failed",
        lambda count: say_count("service refused by the panel", "services refused by the panel", count),
        "services",
        {"sync": "failed"},
    ),
    (
        "impossible",
        lambda count: say_count("service that the panel can't give", "services that the panel can't give", count),
        "services",
        {"sync": "impossible"},
    ),
    (
        "unknown",
        lambda count: say_count(
            "service of which the panel did not tell", "services of which the panel did not tell", count
        ),
        "services",
        {"sync": "unknown"},
    ),
    (
        "purchases",
        lambda count: say_count("purchase to decide", "purchases to decide", count),
        "purchases",
        {"state": "unknown"},
    ),
    (
        "unbought",
        lambda count: say_count("purchase refused upstream", "purchases refused upstream", count),
        "purchases",
        {"state": "not_bought"},
    ),
    (
        "low",
        lambda count: say_count("panel on which our credit is low", "panels on which our credit is low", count),
        "panels",
        {},
    ),
    ("jobs", lambda count: say_count("job parked", "jobs parked", count), "jobs", {"state": "needs a person"}),
    (
        "rejected",
        lambda count: say_count(
            "callback proven, but of no payment of ours", "callbacks proven, but of no payment of ours", count
        ),
        "callbacks",
        {"state": "rejected"},
    ),
    (
        "quarantined",
        lambda count: say_count("callback in quarantine", "callbacks in quarantine", count),
        "callbacks",
        {"state": "quarantined"},
    ),
    (
        "deliveries",
        lambda count: say_count("event not taken by a plugin", "events not taken by a plugin", count),
        "deliveries",
        {"state": "parked"},
    ),
    (
        "notices",
        lambda count: say_count("message possibly not sent", "messages possibly not sent", count),
        "notices",
        {"state": "unknown"},
    ),
)
"""What is counted, what is said of so many, and the page where it is; the most urgent first."""


@admin.get("/")
@allow("staff")
def home() -> ResponseReturnValue:
    today = clock.today_in(staff_zone())
    span = span_of(request.args.get("period", ""), today)
    with reading() as session:
        running = lines(session)
        panels = session.scalars(select(Panel).order_by(Panel.failures.desc(), Panel.name).limit(_SHOWN + 1)).all()
        gateways = session.scalars(select(GatewayAccount).order_by(GatewayAccount.position, GatewayAccount.id)).all()
        incomes, owed = income(session, span, today, staff_zone()), debts(session, today)
        moves = recurring_moves(session, span.first - timedelta(days=1), span.last)
        done = work(session, span.last)
        shown = {
            "debts": owed,
            "moves": moves,
            "work": done,
            "totals": totals_of(session, done["books"], today, incomes, owed, moves),
            "needs": [*_overdue(owed, today), *_needs({**running, **_counts(session), "late": done["late"]})],
            "steps": steps_of(session) if not incomes else [],
        }
    return page(
        "admin/home.html",
        today=today,
        span=span,
        periods=PERIODS,
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
    """One statement for everything that is counted, of tickets those that who asks works on."""
    departments = [one.id for one in departments_for(session, current_ctx())]
    mine = select(Ticket.id).where(Ticket.department_id.in_(departments))
    counted = {
        "tickets": _count(Ticket, Ticket.state == "open", Ticket.department_id.in_(departments)),
        "disputed": _count(BillDispute, BillDispute.state == "open", BillDispute.ticket_id.in_(mine)),
        "mails": _count(SupportMail, SupportMail.state == "waiting", SupportMail.department_id.in_(departments)),
        "refused": _count(ShopSupply, ShopSupply.state == "refused"),
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
        "unrepaired": _count(Panel, Panel.reconcile_report["held"].as_string() != ""),
        "down": _count(Panel, or_(Panel.open_until > clock.business_now(), Panel.maintenance)),
    }
    row = session.execute(select(*(column.label(name) for name, column in counted.items()))).one()
    return {name: int(getattr(row, name)) for name in counted}


def _overdue(owed: Sequence[Debt], today: date) -> list[tuple[int, str, str]]:
    """What is past its day, of all currencies together; as the other figures without what resellers’ shops are owed."""
    late = [one for one in owed if one.late_count]
    count = sum(one.late_count for one in late)
    amounts = ", ".join(money(one.late_minor, one.currency) for one in late)
    told = say_count("invoice overdue", "invoices overdue", count)
    return [(count, f"{told}: {amounts}", url_for("admin.documents", overdue_on=today, shop="no"))] if late else []


def _needs(counts: dict[str, int]) -> list[tuple[int, str, str]]:
    """(how many, what, where to go) of what is not zero, the most urgent first."""
    return [
        (counts[name], told(counts[name]), url_for(f"admin.{endpoint}", **narrowed))
        for name, told, endpoint, narrowed in _NEEDS
        if counts[name]
    ]
