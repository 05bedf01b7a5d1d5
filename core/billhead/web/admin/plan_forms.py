"""Plans, add-ons and bundles: the forms that add and change them."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import BooleanField, DateField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional

from billhead.actions.catalogue._customers_say import HoldRules, hold_rules
from billhead.actions.catalogue.save_plan import PartEntry, PlanEntry, ServiceEntry, preview_save_plan, save_plan
from billhead.actions.catalogue.save_single_sale import KINDS
from billhead.db import reading, writing
from billhead.domain.errors import InvalidInput
from billhead.domain.whole_number import whole_number
from billhead.models.catalogue import Bouquet, BundlePart, Plan, PlanBouquet
from billhead.models.panels import Panel
from billhead.plugin import allow
from billhead.web.admin.area import admin, found, own_seller_id
from billhead.web.forms import Form, stripped, ticked
from billhead.web.pages import page
from billhead.web.places import country_choices
from billhead.web.request_context import submit_ctx
from billhead.web.speaking import later, marked, say

__all__ = ["CHANGES", "COUNTRIES_HINT", "HOLD_WAYS", "LINES", "MONEY_BACK", "OPEN_INVOICES", "WHERE_SOLD"]

WHERE_SOLD = {
    "": later("everywhere"),
    "only": later("only in these countries"),
    "except": later("everywhere except in these countries"),
}
MONEY_BACK = {
    "nothing": later("stay paid"),
    "credit": later("become credit"),
    "refund": later("are refunded"),
}
OPEN_INVOICES = {
    "": later("as the seller has it"),
    "credit": later("what was not watched is given back"),
    "keep": later("stay owed whole"),
    "void": later("nothing of them is owed any more"),
}
CHANGES = {
    "": later("as the prices have it"),
    "immediate": later("made at once"),
    "end_of_term": later("made at the end of the term"),
}
HOLD_WAYS = {
    "": later("are added if it is renewed by hand, else become credit"),
    "credit": later("become credit"),
    "keep": later("are added when the hold ends"),
}
COUNTRIES_HINT = marked("The country is that of the customer's address.")

LINES = ("stream", "mag", "paired", "enigma2")
_KINDS = {
    "line": later("A plan with lines of its own"),
    "bundle": later("A bundle of plans and add-ons at one price"),
    "bouquet": later("An add-on: bouquets"),
    "connection": later("An add-on: more screens"),
    "device": later("A device, sold or rented"),
}
_EDITED = ("bundle", "bouquet", "connection", "device", *LINES)


class PlanForm(Form):
    code = StringField(
        later("Code"),
        filters=[stripped],
        validators=[DataRequired(later("A code is needed.")), Length(max=40)],
        description=later("Small letters and digits, like premium-tv. Links and files name it: it stays."),
    )
    name = StringField(
        later("Name"), filters=[stripped], validators=[DataRequired(later("A name is needed.")), Length(max=120)]
    )
    description = TextAreaField(later("Description"), filters=[stripped], validators=[Length(max=1000)])
    kind = SelectField(later("What it is"), choices=_KINDS)
    services = TextAreaField(later("Lines that it makes"))
    connections = IntegerField(
        later("Screens at a time"), default=1, validators=[InputRequired(), NumberRange(0, 1000)]
    )
    bouquets = ticked(later("Bouquets"))
    parts = TextAreaField(
        later("Parts of the bundle"),
        description=later(
            "One a row: the code of a plan or add-on, its weight in the revenue, and how many of it, if more "
            "than one. For example: premium-tv 3"
        ),
    )
    addon_of = StringField(
        later("Can be added to"),
        filters=[stripped],
        description=later("Codes of plans, with blanks between. For add-ons."),
    )
    family = StringField(
        later("Family"),
        filters=[stripped],
        validators=[Length(max=40)],
        description=later("Customers may change between plans of one family."),
    )
    tier = IntegerField(
        later("Tier"), default=0, validators=[InputRequired(), NumberRange(0, 1000)], description=later("0 is lowest.")
    )
    tax_class = StringField(
        later("Tax class"), default="tv", filters=[stripped], validators=[DataRequired(), Length(max=40)]
    )
    min_units = IntegerField(later("Sold from"), default=1, validators=[InputRequired(), NumberRange(1, 1000)])
    max_units = IntegerField(later("to so many"), default=1, validators=[InputRequired(), NumberRange(1, 1000)])
    renewal_from = SelectField(
        later("A renewal counts from"),
        choices={
            "later": later("its end or the payment, the later"),
            "now": later("the same, and a trial that costs nothing ends with the payment"),
            "expiry": later("its end"),
        },
    )
    changes = SelectField(
        later("A change to another plan or term is"),
        choices=CHANGES,
        default="",
        description=later("Rules between two plans go before it."),
    )
    cancel_policy = SelectField(
        later("Canceling"),
        choices={
            "end_of_term": later("at the end of the term"),
            "immediate": later("at once"),
            "start_of_term": later("at once, giving the period back"),
        },
    )
    cancel_money = SelectField(
        later("Paid days without service then"),
        choices=MONEY_BACK,
    )
    cancel_day_counts = BooleanField(later("The day of the cancellation is charged"))
    open_invoices = SelectField(
        later("Unpaid invoices of what was canceled"),
        choices=OPEN_INVOICES,
        default="",
    )
    may_hold = BooleanField(later("Customers may put it on hold"))
    hold_min_days = IntegerField(
        later("A hold is at least, in days"), default=1, validators=[Optional(), NumberRange(1, 365)]
    )
    hold_max_days = IntegerField(
        later("On hold within a year at most, in days"),
        validators=[Optional(), NumberRange(1, 365)],
        description=later("Empty: no limit. Staff may always."),
    )
    hold_way = SelectField(
        later("Paid days of a hold"),
        choices=HOLD_WAYS,
    )
    proration = SelectField(
        later("Parts of a period cost"),
        choices={
            "actual_days": later("their days of the real period"),
            "fixed_30": later("their days of 30"),
            "none": later("the full price"),
            "extend": later("the full price, and the days are added"),
        },
    )
    fixed_term = StringField(
        later("Ends after"), filters=[stripped], description=later("Like 12 months. Empty: it goes on.")
    )
    season_ends_on = DateField(
        later("Over for everybody on"),
        validators=[Optional()],
        description=later("The first day without it. Empty: never."),
    )
    then_plan = StringField(
        later("Then follows"), filters=[stripped], description=later("The code of a plan. Empty: nothing.")
    )
    once_per_customer = BooleanField(later("One trial for each person"))
    mac_swaps = IntegerField(
        later("Boxes that customers exchange in a month"),
        validators=[Optional(), NumberRange(0, 100)],
        description=later("By themselves, for each line. Empty: as the seller has it; 0: only staff do it."),
    )
    rented = BooleanField(later("A device that is rented: paid with every term, and comes back"))
    country_rule = SelectField(later("May be sold"), choices=WHERE_SOLD, default="")
    countries = ticked(later("These countries"), later(COUNTRIES_HINT), choices=country_choices)
    listed = BooleanField(later("Shown in the shop"), default=True)

    def entry(self) -> PlanEntry:
        return PlanEntry(
            code=self.code.data or "",
            name=self.name.data or "",
            kind=self.kind.data,
            description=self.description.data or "",
            tax_class=self.tax_class.data or "",
            family=self.family.data or "",
            tier=self.tier.data or 0,
            connections=self.connections.data or 0,
            services=tuple(_services(self.services.data or "")) if self.kind.data == "line" else (),
            bouquets=tuple(self.bouquets.data or ()),
            parts=tuple(_parts(self.parts.data or "")) if self.kind.data == "bundle" else (),
            addon_of=tuple((self.addon_of.data or "").split()),
            min_units=self.min_units.data or 1,
            max_units=self.max_units.data or 1,
            once_per_customer=bool(self.once_per_customer.data),
            mac_swaps=self.mac_swaps.data,
            rented=bool(self.rented.data),
            renewal_from=self.renewal_from.data,
            changes=self.changes.data,
            cancel_policy=self.cancel_policy.data,
            cancel_money=self.cancel_money.data,
            cancel_day_counts=bool(self.cancel_day_counts.data),
            open_invoices=self.open_invoices.data,
            hold=self._hold(),
            proration=self.proration.data,
            fixed_term=self.fixed_term.data or "",
            season_ends_on=self.season_ends_on.data,
            then_plan=self.then_plan.data or "",
            country_rule=self.country_rule.data,
            countries=tuple(self.countries.data or ()),
            listed=bool(self.listed.data),
        )

    def _hold(self) -> HoldRules | None:
        if not self.may_hold.data:
            return None
        return HoldRules(self.hold_min_days.data or 1, self.hold_max_days.data, self.hold_way.data)


def _services(text: str) -> Iterator[ServiceEntry]:
    for row in filter(None, map(str.strip, text.splitlines())):
        kind, _, rest = row.partition(" ")
        panel, _, panel_plan = rest.strip().partition(" ")
        if not panel:
            raise InvalidInput("services", say("%(row)s names no panel", row=repr(row)))
        yield ServiceEntry(kind, panel, panel_plan.strip())


def _parts(text: str) -> Iterator[PartEntry]:
    for row in filter(None, map(str.strip, text.splitlines())):
        code, *numbers = row.split()
        if not 1 <= len(numbers) <= 2 or any(whole_number(one, 6) is None for one in numbers):
            raise InvalidInput("parts", say("%(row)s is not a code, a weight and perhaps a quantity", row=repr(row)))
        yield PartEntry(code, int(numbers[0]), int(numbers[1]) if len(numbers) == 2 else 1)


def _form(session: Session, seller_id: int, plan: Plan | None) -> PlanForm:
    form = PlanForm(data=_as_entered(session, plan) if plan is not None else None)
    rows = session.execute(
        select(Bouquet.code, Bouquet.name).where(Bouquet.seller_id == seller_id).order_by(Bouquet.name)
    )
    form.bouquets.choices = dict(rows.all())
    panels = session.scalars(select(Panel.code).where(Panel.seller_id == seller_id).order_by(Panel.code))
    there = ", ".join(panels) or say("no panels yet")
    form.services.description = say(
        "One a row: stream, mag or enigma2, then the panel or group of panels, then what the panel calls the plan, if "
        "it knows plans. For example: stream main. There are: %(panels)s.",
        panels=there,
    )
    return form


def _as_entered(session: Session, plan: Plan) -> dict[str, Any]:
    details = plan.details
    services = [f"{one['kind']} {one['panel']} {one['panel_plan']}".strip() for one in details.get("services", [])]
    codes = select(Bouquet.code).join(PlanBouquet, PlanBouquet.bouquet_id == Bouquet.id)
    parts = session.execute(
        select(Plan.code, BundlePart.weight, BundlePart.quantity)
        .join(BundlePart, BundlePart.plan_id == Plan.id)
        .where(BundlePart.bundle_id == plan.id)
        .order_by(Plan.id)
    )
    then = session.get(Plan, plan.then_plan_id) if plan.then_plan_id else None
    hold = hold_rules(details)
    own = {name: getattr(plan, name) for name in PlanForm.__dict__ if hasattr(Plan, name)}
    return {
        **own,
        "kind": "line" if plan.kind in LINES else plan.kind,
        "services": "\n".join(services) if plan.kind in LINES else "",
        "bouquets": list(session.scalars(codes.where(PlanBouquet.plan_id == plan.id))),
        "parts": "\n".join(f"{code} {weight}{f' {many}' if many > 1 else ''}" for code, weight, many in parts),
        "addon_of": " ".join(details.get("plans", [])),
        "min_units": details.get("min_units") or 1,
        "max_units": details.get("max_units") or 1,
        "once_per_customer": bool(details.get("once_per_customer")),
        "mac_swaps": details.get("mac_swaps"),
        "rented": bool(details.get("rented")),
        "cancel_money": details.get("cancel_money") or "nothing",
        "cancel_day_counts": bool(details.get("cancel_day_counts")),
        "open_invoices": details.get("open_invoices") or "",
        "changes": details.get("changes") or "",
        "may_hold": hold is not None,
        **({f"hold_{name}": value for name, value in asdict(hold).items()} if hold else {}),
        "then_plan": then.code if then else "",
        "countries": plan.countries,
    }


@admin.route("/catalogue/new", methods=["GET", "POST"])
@allow("staff", permission="catalogue.write")
def new_plan() -> ResponseReturnValue:
    return _edit(None)


@admin.route("/catalogue/<int:key>/edit", methods=["GET", "POST"])
@allow("staff", permission="catalogue.write")
def edit_plan(key: int) -> ResponseReturnValue:
    return _edit(key)


def _edit(key: int | None) -> ResponseReturnValue:
    with reading() as session:
        plan = found(session, Plan, key, "plan") if key is not None else None
        seller_id = plan.seller_id if plan is not None else own_seller_id()
        form = _form(session, seller_id, plan)
        having = preview_save_plan(session, plan.id) if plan is not None else 0
    if plan is not None and plan.kind not in _EDITED:
        if plan.kind in KINDS:
            return redirect(url_for("admin.edit_single_sale", key=plan.id), 303)
        flash(say("What resellers buy is changed under Credit packages and Reseller plans."), "warn")
        return redirect(url_for("admin.plan", key=plan.id), 303)
    if form.validate_on_submit():
        with form.refusals():
            with writing(submit_ctx()) as tx:
                saved = save_plan(tx, seller_id, form.entry(), key)
            flash(say("%(name)s is saved.", name=form.name.data), "good")
            return redirect(url_for("admin.plan", key=saved.plan_id), 303)
    status = 422 if form.is_submitted() else 200
    return page("admin/plan_form.html", form=form, plan=plan, having=having), status
