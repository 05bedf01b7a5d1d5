"""Events and rentals: what is bought once on a subscription, entered and changed."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import (
    BooleanField,
    DateTimeLocalField,
    IntegerField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, Length, NumberRange, Optional

from billhead.actions.catalogue._for_everybody import prices_of
from billhead.actions.catalogue.save_single_sale import SingleSale, save_single_sale
from billhead.db import reading, writing
from billhead.domain.errors import InvalidInput, NotFound
from billhead.domain.money import Money
from billhead.models.catalogue import Bouquet, Plan, PlanBouquet
from billhead.models.sellers import Seller
from billhead.plugin import allow
from billhead.web.admin.area import admin, found, own_seller_id
from billhead.web.admin.plan_forms import COUNTRIES_HINT, WHERE_SOLD
from billhead.web.forms import Form, stripped, ticked
from billhead.web.pages import page
from billhead.web.places import country_choices
from billhead.web.request_context import submit_ctx
from billhead.web.speaking import later, say

__all__: list[str] = []

_TYPED = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
_TITLES = {"ppv": later("A pay-per-view event"), "rental": later("A rental or a pass")}
_OF_EVENTS, _OF_RENTALS = ("starts", "ends", "bouquets"), ("hours", "uses", "unit")


class SingleSaleForm(Form):
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
    starts = DateTimeLocalField(later("Begins"), format=_TYPED, validators=[Optional()])
    ends = DateTimeLocalField(later("Ends"), format=_TYPED, validators=[Optional()])
    bouquets = ticked(later("Bouquets"))
    hours = IntegerField(
        later("May be watched for so many hours"),
        validators=[Optional(), NumberRange(1, 87_840)],
        description=later("From the moment when it is paid."),
    )
    uses = IntegerField(
        later("A pass for so many"),
        validators=[Optional(), NumberRange(0, 10_000)],
        description=later("It pays for so many rentals within its time. Empty: it is no pass."),
    )
    unit = StringField(
        later("Of what"), filters=[stripped], validators=[Length(max=30)], description=later("Of a pass: films.")
    )
    prices = TextAreaField(
        later("Prices"),
        filters=[stripped],
        description=later("One a row, like 14.99 EUR: in the price book for everybody. Others are added on its page."),
    )
    on_bill = BooleanField(later("Who is charged by itself may put it on the next invoice"))
    tax_class = StringField(
        later("Tax class"), default="tv", filters=[stripped], validators=[DataRequired(), Length(max=40)]
    )
    country_rule = SelectField(later("May be sold"), choices=WHERE_SOLD, default="")
    countries = ticked(later("These countries"), later(COUNTRIES_HINT), choices=country_choices)

    def entry(self, kind: str, zone: str) -> SingleSale:
        """Only what belongs to its kind."""
        said: dict[str, Any] = {}
        if kind == "ppv":
            said = {"starts": _instant(self.starts.data, zone), "ends": _instant(self.ends.data, zone)}
            said["bouquets"] = tuple(self.bouquets.data or ())
        else:
            said = {"hours": self.hours.data or 0, "uses": self.uses.data or 0, "unit": self.unit.data or ""}
        return SingleSale(
            self.code.data or "",
            self.name.data or "",
            kind,
            self.description.data or "",
            self.tax_class.data or "",
            on_bill=bool(self.on_bill.data),
            country_rule=self.country_rule.data,
            countries=tuple(self.countries.data or ()),
            prices=tuple(_amounts(self.prices.data or "")),
            **said,
        )


def _instant(typed: datetime | None, zone: str) -> datetime | None:
    """A clock on the wall of the seller, as an instant."""
    return typed.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) if typed is not None else None


def _amounts(text: str) -> Iterator[Money]:
    for row in filter(None, map(str.strip, text.splitlines())):
        amount, _, currency = row.partition(" ")
        try:
            yield Money.parse(amount, currency.strip().upper())
        except InvalidInput as error:
            raise InvalidInput("prices", f"{row}: {error.why}") from None


@admin.route("/catalogue/single/new", methods=["GET", "POST"])
@allow("staff", permission="catalogue.write")
def new_single_sale() -> ResponseReturnValue:
    kind = request.args.get("kind", "ppv")
    if kind not in _TITLES:
        raise NotFound("kind", kind)
    with reading() as session:
        seller = found(session, Seller, own_seller_id(), "seller")
        form = _form(session, seller, kind, {})
    return _edit(form, seller, kind, None)


@admin.route("/catalogue/<int:key>/single", methods=["GET", "POST"])
@allow("staff", permission="catalogue.write")
def edit_single_sale(key: int) -> ResponseReturnValue:
    with reading() as session:
        plan = found(session, Plan, key, "plan")
        if plan.kind not in _TITLES:
            raise NotFound("event", key)
        seller = session.get_one(Seller, plan.seller_id)
        form = _form(session, seller, plan.kind, _as_entered(session, plan, seller.zone))
    return _edit(form, seller, plan.kind, plan)


def _form(session: Session, seller: Seller, kind: str, data: dict[str, Any]) -> SingleSaleForm:
    form = SingleSaleForm(data=data)
    rows = session.execute(
        select(Bouquet.code, Bouquet.name).where(Bouquet.seller_id == seller.id).order_by(Bouquet.name)
    )
    form.bouquets.choices = dict(rows.all())
    form.starts.description = form.ends.description = say("Times in %(zone)s.", zone=seller.zone)
    for name in _OF_RENTALS if kind == "ppv" else _OF_EVENTS:
        del form[name]
    return form


def _as_entered(session: Session, plan: Plan, zone: str) -> dict[str, Any]:
    own = {name: getattr(plan, name) for name in ("code", "name", "description", "tax_class", "country_rule")}
    codes = select(Bouquet.code).join(PlanBouquet, PlanBouquet.bouquet_id == Bouquet.id)
    window = {
        name: datetime.fromisoformat(plan.details[name]).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        for name in ("starts", "ends")
        if plan.details.get(name)
    }
    counted = {name: plan.details.get(name) or None for name in _OF_RENTALS}
    return {
        **own, **window, **counted,
        "on_bill": bool(plan.details.get("on_bill")),
        "bouquets": list(session.scalars(codes.where(PlanBouquet.plan_id == plan.id))),
        "countries": plan.countries,
        "prices": "\n".join(f"{one.decimal():f} {one.currency}" for one in prices_of(session, plan)),
    }  # fmt: skip


def _edit(form: SingleSaleForm, seller: Seller, kind: str, plan: Plan | None) -> ResponseReturnValue:
    back = url_for("admin.plan", key=plan.id) if plan is not None else url_for("admin.catalogue")
    if form.validate_on_submit():
        with form.refusals():
            with writing(submit_ctx()) as tx:
                entry = form.entry(kind, seller.zone)
                saved = save_single_sale(tx, seller.id, entry, plan.id if plan is not None else None)
            flash(say("%(name)s is saved.", name=form.name.data), "good")
            return redirect(url_for("admin.plan", key=saved.plan_id), 303)
    title = say("Change %(name)s", name=plan.name) if plan is not None else _TITLES[kind]
    lead = say("It is bought on a running subscription, as often as somebody likes.")
    if kind == "ppv":
        lead = say("It is bought once on a running subscription; its bouquets are on the lines while it lasts.")
    if kind == "ppv" and not form.bouquets.choices:
        lead = say("An event brings bouquets, and there are none yet: add them under Catalogue, Bouquets.")
    shown = page("admin/entry.html", form=form, title=title, lead=lead, back=back, section="catalogue")
    return shown, 422 if form.is_submitted() else 200
