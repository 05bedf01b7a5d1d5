"""Upstream purchases: each with its outcome, and what a person decides about it."""

from datetime import UTC, datetime

from flask import url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from billhead.actions.provisioning._purchase_row import is_open
from billhead.actions.provisioning.buy_again import buy_again
from billhead.actions.provisioning.decide_purchase import decide_purchase
from billhead.actions.provisioning.link_purchase import link_purchase
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.money import CREDITS, Money
from billhead.models.panels import Panel, UpstreamPurchase
from billhead.models.subscriptions import Service
from billhead.plugin import allow
from billhead.web.admin.area import admin, found, trail_of
from billhead.web.admin.asking import Question, ReasonForm, asked
from billhead.web.admin.columns import Column, instant, on, state, text
from billhead.web.admin.listing import Choice, Listing
from billhead.web.forms import stripped
from billhead.web.pages import page
from billhead.web.speaking import later, marked, say

__all__ = ["PURCHASES", "credits_of"]

PURCHASES = Listing(
    name="purchases",
    title=marked("Upstream purchases"),
    query=select(
        UpstreamPurchase.id,
        UpstreamPurchase.package_name,
        UpstreamPurchase.state,
        UpstreamPurchase.paid_until,
        UpstreamPurchase.cost_minor,
        UpstreamPurchase.sent_at,
        UpstreamPurchase.why,
        UpstreamPurchase.service_id,
        Service.login,
        Panel.name.label("panel"),
    )
    .join(Service, Service.id == UpstreamPurchase.service_id)
    .join(Panel, Panel.id == UpstreamPurchase.panel_id),
    key=UpstreamPurchase.id,
    columns=(
        text(marked("Purchase"), "package_name", to="purchase"),
        text(marked("Line"), "login", to="service", key="service_id"),
        text(marked("Panel"), "panel"),
        state(marked("State"), "state"),
        on(marked("Paid until"), "paid_until"),
        Column(
            marked("Credits"),
            lambda row: credits_of(row.cost_minor),
            lambda row: credits_of(row.cost_minor) or "–",
            "num",
        ),
        instant(marked("Sent"), "sent_at"),
        text(marked("Why"), "why"),
    ),
    choices=(Choice("state", marked("State"), UpstreamPurchase.state, ("sent", "bought", "not_bought", "unknown")),),
    narrow={"panel": UpstreamPurchase.panel_id, "service": UpstreamPurchase.service_id},
    search=lambda typed: Service.login.icontains(typed, autoescape=True),
    search_label=marked("Login"),
    empty=marked(
        "Nothing was bought yet. Purchases are made on panels that sell time for credits, for lines that are paid."
    ),
)


def credits_of(minor: int | None) -> str:
    return "" if minor is None else str(Money(minor, CREDITS))


_NUMBER = later("Number of the line on the panel")


class BoughtForm(ReasonForm):
    number = StringField(
        _NUMBER,
        filters=[stripped],
        validators=[Length(max=40)],
        description=later(
            "If you see it there: the line is looked at and linked, else it may stand without a service."
        ),
    )


class LineForm(ReasonForm):
    number = StringField(_NUMBER, filters=[stripped], validators=[InputRequired(), Length(max=40)])


@admin.get("/purchases")
@allow("staff")
def purchases() -> ResponseReturnValue:
    return PURCHASES.answer()


@admin.get("/purchases/<int:key>")
@allow("staff")
def purchase(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, UpstreamPurchase, key, "purchase")
        service = session.get_one(Service, row.service_id)
        panel = session.get_one(Panel, row.panel_id)
        trail = trail_of(session, f"service:{row.service_id}")
    told = {"service": service, "panel": panel, "trail": trail, "before_until": _ran_until(row)}
    return page("admin/purchase.html", row=row, undecided=is_open(row), **told)


def _ran_until(row: UpstreamPurchase) -> datetime | None:
    """As the panel told before the purchase; in UTC where it names no zone."""
    told = (row.before or {}).get("expires_at")
    found = datetime.fromisoformat(told) if told else None
    return found.replace(tzinfo=UTC) if found is not None and found.tzinfo is None else found


@admin.route("/purchases/<int:key>/bought", methods=["GET", "POST"])
@allow("staff", permission="panels.write")
def purchase_was_made(key: int) -> ResponseReturnValue:
    return _decide(key, bought=True)


@admin.route("/purchases/<int:key>/not-bought", methods=["GET", "POST"])
@allow("staff", permission="panels.write")
def purchase_was_not_made(key: int) -> ResponseReturnValue:
    return _decide(key, bought=False)


def _decide(key: int, *, bought: bool) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, UpstreamPurchase, key, "purchase")

        unlinked = bought and not session.get_one(Service, row.service_id).handle_data

    def act(ctx: Context, form: ReasonForm) -> str:
        number = form.number.data if isinstance(form, BoughtForm) else ""
        if number:
            link_purchase(ctx, key, number)
            return say("Noted: it was bought, and the line is linked.")
        with writing(ctx) as tx:
            decide_purchase(tx, key, bought)
        return say("Noted: it was bought.") if bought else say("Noted: it was not bought. It is tried again.")

    text_ = (
        say("It counts as bought, with its cost, and is not tried again.")
        if bought
        else say(
            "It is bought again. If the panel did sell it the first time, it is paid for twice: look there before."
        )
    )
    title = (
        say("Was %(package_name)s bought?", package_name=row.package_name)
        if bought
        else say("Was %(package_name)s not bought?", package_name=row.package_name)
    )
    button = say("It was bought") if bought else say("It was not bought")
    form = BoughtForm() if unlinked else ReasonForm()
    return asked(Question(title, text_, button, url_for("admin.purchase", key=key)), form, act)


@admin.route("/purchases/<int:key>/line", methods=["GET", "POST"])
@allow("staff", permission="panels.write")
def purchase_line(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, UpstreamPurchase, key, "purchase")
        login = session.get_one(Service, row.service_id).login

    def act(ctx: Context, form: LineForm) -> str:
        link_purchase(ctx, key, form.number.data)
        return say("The line is linked, and brought in step.")

    text_ = say(
        "The panel is asked for the line of this number. It is linked if it is ours: nothing is bought or changed."
    )
    question = Question(
        say("Which line is %(login)s?", login=login),
        text_,
        say("Link it"),
        url_for("admin.purchase", key=key),
        danger=False,
    )
    return asked(question, LineForm(), act)


@admin.route("/purchases/<int:key>/again", methods=["GET", "POST"])
@allow("staff", permission="panels.write")
def purchase_again(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, UpstreamPurchase, key, "purchase")

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            buy_again(tx, key)
        return say("It is bought again if the panel's end falls short of what is paid.")

    text_ = say(
        "For a line that was deleted on the panel: the period is bought once more. What this one cost stays booked."
    )
    back = url_for("admin.purchase", key=key)
    return asked(
        Question(say("Buy %(package_name)s again?", package_name=row.package_name), text_, say("Buy it again"), back),
        ReasonForm(),
        act,
    )
