"""Services: which line is not in step, and for one of them what should be beside what the panel says."""

from contextlib import suppress

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, false, or_, select
from sqlalchemy.orm import Session

from billhead.actions.provisioning.ask_converge import ask_converge
from billhead.actions.provisioning.compare import compare
from billhead.actions.provisioning.label_of import label_of
from billhead.db import reading, writing
from billhead.domain.errors import InvalidInput
from billhead.domain.mac import parse_mac
from billhead.models.catalogue import Bouquet, Plan
from billhead.models.operations import Job
from billhead.models.panels import Panel, PanelBouquet
from billhead.models.people import Customer
from billhead.models.subscriptions import Service, Subscription
from billhead.plugin import allow
from billhead.plugin_host import capabilities_of
from billhead.web.admin.area import admin, found, trail_of
from billhead.web.admin.columns import Column, badge, code, instant, state, text, word
from billhead.web.admin.listing import Choice, Listing
from billhead.web.admin.standing import standing_of
from billhead.web.pages import page
from billhead.web.request_context import submit_ctx
from billhead.web.speaking import marked, say, speech

__all__ = ["SERVICES", "SERVICE_COLUMNS", "TROUBLE", "is_line"]

SERVICE_COLUMNS = (
    Service.id,
    Service.subscription_id,
    Service.kind,
    Service.login,
    Service.mac,
    Service.handle,
    Service.lifecycle,
    Service.sync,
    Service.sync_error,
    Service.desired_blocked,
    Service.desired_expires_at,
    Service.desired_version,
    Service.converged_version,
    Service.observed,
    Service.observed_at,
)
"""What a list of services shows, and what its label is derived from."""

TROUBLE = ("failed", "impossible", "unknown")
"""In these a line stays until a person or its panel does something."""

LABEL = Column(marked("Service"), lambda row: str(label_of(row)), lambda row: badge(str(label_of(row))))


def is_line(typed: str) -> ColumnElement[bool]:
    """A service by its login, its reference on the panel, or a MAC in any spelling."""
    mac = None
    with suppress(InvalidInput):  # not a MAC: a login or a reference
        mac = parse_mac(typed)
    return or_(Service.login == typed, Service.handle == typed.lower(), Service.mac == mac if mac else false())


def _said(error: str) -> str:
    """What modules of ours answer is said in the language of the page; what a panel says itself stays as it is."""
    return speech().refusal(error) or "–"


SERVICES = Listing(
    name="services",
    title=marked("Services"),
    lead=marked("A line runs on for the seller’s hours of grace after the day to which it is paid."),
    query=select(
        *SERVICE_COLUMNS,
        Subscription.customer_id,
        Customer.name.label("customer"),
        Service.panel_id,
        Panel.name.label("panel"),
    )
    .join(Subscription, Subscription.id == Service.subscription_id)
    .join(Customer, Customer.id == Subscription.customer_id)
    .join(Panel, Panel.id == Service.panel_id),
    key=Service.id,
    columns=(
        text(marked("Login"), "login", to="service"),
        word(marked("Kind"), "kind"),
        code("MAC", "mac"),
        text(marked("Customer"), "customer", to="customer", key="customer_id"),
        text(marked("Panel"), "panel", to="panel", key="panel_id"),
        LABEL,
        state(marked("In step"), "sync"),
        instant(marked("Runs to"), "desired_expires_at"),
        Column(
            marked("Last error"),
            lambda row: row.sync_error,
            lambda row: _said(row.sync_error),
            "clip",
        ),
    ),
    choices=(
        Choice(
            "sync",
            marked("In step"),
            Service.sync,
            ((marked("needs a person"), TROUBLE), "ok", "pending", *TROUBLE),
        ),
        Choice("kind", marked("Kind"), Service.kind, ("stream", "mag", "enigma2")),
        Choice(
            "lifecycle", marked("Lifecycle"), Service.lifecycle, ("wanted", "unwanted", "gone", "arriving", "leaving")
        ),
    ),
    search=is_line,
    search_label=marked("Login, MAC or reference on the panel"),
    narrow={"panel": Service.panel_id, "subscription": Service.subscription_id},
    empty=marked("A subscription makes its lines when it is ordered."),
)


@admin.get("/services")
@allow("staff")
def services() -> ResponseReturnValue:
    return SERVICES.answer()


@admin.get("/services/<int:key>")
@allow("staff")
def service(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Service, key, "service")
        comparison = compare(session, key)
        customer, subscription, plan, panel = session.execute(
            select(Customer, Subscription, Plan, Panel)
            .select_from(Service)
            .join(Panel, Panel.id == Service.panel_id)
            .join(Subscription, Subscription.id == Service.subscription_id)
            .join(Customer, Customer.id == Subscription.customer_id)
            .join(Plan, Plan.id == Subscription.plan_id)
            .where(Service.id == key)
        ).one()
        jobs = session.scalars(select(Job).where(Job.key == f"converge:{key}").order_by(Job.id.desc()).limit(5)).all()
        trail = trail_of(session, f"service:{key}")
        bouquets = _bouquet_names(session, row.panel_id)
        able = capabilities_of(panel) if row.observed_at else None
        standing = standing_of(session, customer, subscription)
    return page(
        "admin/service.html",
        service=row,
        label=str(label_of(row)),
        comparison=comparison,
        bouquets=bouquets,
        box=able,
        customer=customer,
        standing=standing,
        plan=plan,
        panel=panel,
        jobs=jobs,
        trail=trail,
    )


def _bouquet_names(session: Session, panel_id: int) -> dict[str, str]:
    """The panel's name of a bouquet → ours."""
    rows = session.execute(
        select(PanelBouquet.remote, Bouquet.name)
        .join(Bouquet, Bouquet.id == PanelBouquet.bouquet_id)
        .where(PanelBouquet.panel_id == panel_id)
    )
    return dict(rows.all())


@admin.post("/services/<int:key>/converge")
@allow("staff", permission="services.write")
def converge_service(key: int) -> ResponseReturnValue:
    """Costs nothing and may be repeated, so that it does not ask."""
    with writing(submit_ctx()) as tx:
        ask_converge(tx, key)
    flash(say("Queued. Load this page again in a moment to see what the panel says."), "good")
    return redirect(url_for("admin.service", key=key), 303)
