"""Setting up: the first plan with its prices, and the first order, which is taken away again."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from wtforms import BooleanField, IntegerField, SelectField, SelectMultipleField, StringField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange
from wtforms.widgets import CheckboxInput, ListWidget

from billhead.actions.health._facts import last_known
from billhead.actions.setup.start_selling import FirstPlan, start_selling
from billhead.actions.setup.try_order import FACT, try_order
from billhead.actions.subscriptions.cancel import cancel
from billhead.db import reading, writing
from billhead.domain.errors import NotFound
from billhead.domain.money import Money
from billhead.models.catalogue import Bouquet, Plan
from billhead.models.documents import Document
from billhead.models.panels import Panel
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Service, Subscription
from billhead.plugin import allow
from billhead.web.admin.area import admin, own_seller_id
from billhead.web.admin.setup import next_step, step_page
from billhead.web.forms import Form, stripped
from billhead.web.request_context import signed_in, submit_ctx
from billhead.web.speaking import later, say

__all__: list[str] = []

_TERMS = {"price_1": "1 month", "price_3": "3 months", "price_6": "6 months", "price_12": "12 months"}
_KINDS = {
    "stream": later("a line for apps and players"),
    "mag": later("a MAG box"),
    "enigma2": later("an Enigma2 receiver"),
}


def _price(label: str) -> StringField:
    hint = later("Like 9.99. Empty: not sold for that long.")
    return StringField(label, filters=[stripped], validators=[Length(max=20)], description=hint)


class PlanForm(Form):
    name = StringField(
        later("Name"), filters=[stripped], validators=[DataRequired(later("A name is needed.")), Length(max=120)]
    )
    kind = SelectField(later("It is"), choices=_KINDS)
    panel = SelectField(later("On the panel"))
    panel_plan = StringField(
        later("What the panel calls the plan"),
        filters=[stripped],
        description=later("Only for panels that know plans (Stalker)."),
    )
    connections = IntegerField(later("Screens at a time"), default=1, validators=[InputRequired(), NumberRange(1, 100)])
    price_1 = _price(later("Price of a month"))
    price_3 = _price(later("Price of 3 months"))
    price_6 = _price(later("Price of 6 months"))
    price_12 = _price(later("Price of 12 months"))
    tax_inclusive = BooleanField(later("Prices include the tax"), default=True)
    trial_days = IntegerField(
        later("Days of a free trial"),
        default=0,
        validators=[InputRequired(), NumberRange(0, 31)],
        description=later("0: none."),
    )
    bouquets = SelectMultipleField(
        later("Bouquets"), widget=ListWidget(prefix_label=False), option_widget=CheckboxInput()
    )


@admin.route("/setup/plan", methods=["GET", "POST"])
@allow("staff", permission="catalogue.write")
def setup_plan() -> ResponseReturnValue:
    key = own_seller_id()
    with reading() as session:
        seller = session.get_one(Seller, key)
        panels = session.execute(select(Panel.code, Panel.name).order_by(Panel.id).limit(50)).all()
        bouquets = session.execute(
            select(Bouquet.code, Bouquet.name).where(Bouquet.seller_id == key).order_by(Bouquet.name).limit(300)
        ).all()
        rows = session.scalars(select(Plan).where(Plan.seller_id == key).order_by(Plan.id).limit(20)).all()
    form = PlanForm()
    form.panel.choices = [(code, name) for code, name in panels]
    form.bouquets.choices = [(code, name) for code, name in bouquets]
    for field in ("price_1", "price_3", "price_6", "price_12"):
        form[field].label.text = f"{form[field].label.text}, {seller.currency}"
    if not form.is_submitted() and not rows:
        form.bouquets.data = [code for code, _ in bouquets]
    if form.validate_on_submit():
        with form.refusals():
            prices = {
                term: Money.parse(form[field].data, seller.currency).minor
                for field, term in _TERMS.items()
                if form[field].data
            }
            first = FirstPlan(
                form.name.data, form.kind.data, form.panel.data, prices, form.panel_plan.data or "",
                form.connections.data, tuple(form.bouquets.data or ()), form.trial_days.data,
                bool(form.tax_inclusive.data),
            )  # fmt: skip
            with writing(submit_ctx()) as tx:
                start_selling(tx, key, first)
            flash(say("%(name)s is in the shop.", name=form.name.data), "good")
            return redirect(next_step("plan"), 303)
    return step_page("plan", "admin/setup_plan.html", form=form, rows=rows, panels=panels)


class NothingForm(Form):
    """A button alone, with the page's token."""


@admin.route("/setup/order", methods=["GET", "POST"])
@allow("staff", permission="subscriptions.write")
def setup_order() -> ResponseReturnValue:
    """Order, and then look whether the line is on the panel; the page looks again by itself while it is on its way."""
    form = NothingForm()
    if form.validate_on_submit():
        with form.refusals():
            login = signed_in()
            assert login is not None, "the guard lets only staff in"
            with writing(submit_ctx()) as tx:
                try_order(tx, own_seller_id(), login.email)
            flash(say("Ordered, for 0.00. The line is on its way to the panel."), "good")
            return redirect(url_for("admin.setup_order"), 303)
    with reading() as session:
        known = last_known(session, FACT)
        tried = session.get(Subscription, known.data["subscription_id"]) if known is not None else None
        document = session.get(Document, known.data["document_id"]) if known is not None else None
        mine = Service.subscription_id == tried.id if tried is not None else Service.id < 0
        lines = session.execute(
            select(Service, Panel.name).join(Panel, Panel.id == Service.panel_id).where(mine).order_by(Service.id)
        ).all()
    runs = tried is not None and tried.state not in ("canceled", "expired")
    waits = any(line.sync == "pending" and line.lifecycle != "gone" for line, _ in lines)
    return step_page(
        "order",
        "admin/setup_order.html",
        form=form,
        tried=tried,
        document=document,
        lines=lines,
        runs=runs,
        waits=waits,
    )


@admin.post("/setup/order/remove")
@allow("staff", permission="subscriptions.write")
def remove_test_order() -> ResponseReturnValue:
    """What it removes was made to be removed, so that it does not ask."""
    with writing(submit_ctx()) as tx:
        known = last_known(tx.session, FACT)
        if known is None:
            raise NotFound("test order", "")
        cancel(tx, known.data["subscription_id"], "immediate", money="nothing")
    flash(say("The line is taken away from the panel. Your house is open."), "good")
    return redirect(url_for("admin.setup_order"), 303)
