"""Setting up: the company and what its documents say, its tax, and its look."""

from collections.abc import Iterator

from flask import flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_wtf.file import FileField
from sqlalchemy import select
from wtforms import EmailField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from billhead.actions.sellers._invoicing import PLACE, invoicing_of
from billhead.actions.sellers.set_invoicing import SellerInvoicing, set_invoicing
from billhead.actions.sellers.set_logo import set_logo
from billhead.actions.setup.set_company import Company, set_company
from billhead.actions.setup.set_look import set_look
from billhead.actions.setup.set_tax import Registered, set_tax
from billhead.actions.shops._layouts import layouts_of
from billhead.db import reading, writing
from billhead.models.sellers import Seller, TaxRegistration
from billhead.plugin import allow
from billhead.web.admin.area import admin, own_seller_id
from billhead.web.admin.setup import next_step, step_page
from billhead.web.forms import Form, stripped
from billhead.web.offered import offered
from billhead.web.places import country_choices, zone_names
from billhead.web.request_context import submit_ctx
from billhead.web.speaking import later, marked, say

__all__: list[str] = []


def _line(label: str, hint: str = "", *, required: str = "", longest: int = 140) -> StringField:
    checks = [DataRequired(later(required))] if required else []
    return StringField(later(label), filters=[stripped], validators=[*checks, Length(max=longest)],
                       description=later(hint) if hint else "")  # fmt: skip


class CompanyForm(Form):
    name = _line(marked("Name in the shop"), required=marked("Write its name."))
    legal_name = _line(marked("Legal name"), required=marked("Write the name that the law knows."))
    street = _line(marked("Street"), required=marked("Invoices need the address."))
    postcode = _line(marked("Postcode"))
    city = _line(marked("City"), required=marked("Invoices need the address."))
    country = SelectField(later("Country"))
    currency = _line(
        marked("Currency of the books"),
        marked("Like EUR. It stays once there are documents."),
        required=marked("Write it."),
    )
    zone = SelectField(later("Time zone"), description=later("Documents are dated in it."))
    vat_id = _line(marked("VAT id"), marked("With its country, like FI12345678. Empty: none."))
    mail_from = EmailField(
        later("Sender of mails"),
        filters=[stripped],
        validators=[DataRequired(later("Write an address.")), Length(max=200)],
    )
    logo = FileField(later("Logo"), description=later("PNG or JPEG, up to 512 KB. It can wait."))


@admin.route("/setup/company", methods=["GET", "POST"])
@allow("staff", permission="sellers.write")
def setup_company() -> ResponseReturnValue:
    key = own_seller_id()
    with reading() as session:
        row = session.get_one(Seller, key)
    columns = {name: getattr(row, name) for name in ("name", "country", "currency", "zone", "mail_from")}
    form = CompanyForm(data={**invoicing_of(row), **columns})
    form.zone.choices = zone_names(row.zone)
    form.country.choices = country_choices()
    if form.validate_on_submit():
        with form.refusals():
            picture = request.files.get("logo")
            data = picture.read() if picture and picture.filename else b""
            country, currency = form.country.data, form.currency.data.upper()
            told = Company(form.name.data, country, currency, form.zone.data, form.mail_from.data)
            papers = {name: form[name].data or "" for name in ("legal_name", "vat_id", *PLACE)}
            with writing(submit_ctx()) as tx:
                set_company(tx, key, told)
                set_invoicing(tx, key, SellerInvoicing(**{**invoicing_of(row), **papers}))
                if data:
                    set_logo(tx, key, data)
            flash(say("Saved."), "good")
            return redirect(next_step("company"), 303)
    return step_page("company", form=form)


class TaxForm(Form):
    engine = RadioField(
        later("Who reckons the tax"), description=later("Each is a plugin. Ask your accountant which one fits.")
    )
    registrations = TextAreaField(
        later("Where you are registered"),
        filters=[stripped],
        validators=[Length(max=2000)],
        description=later("One a row: country or region, scheme, number. For example: FI domestic FI12345678"),
    )

    def rows(self) -> Iterator[Registered]:
        for row in filter(None, map(str.strip, (self.registrations.data or "").splitlines())):
            place, *more = row.split(maxsplit=2)
            yield Registered(place.upper(), more[0] if more else "domestic", more[1] if len(more) > 1 else "")


@admin.route("/setup/tax", methods=["GET", "POST"])
@allow("staff", permission="sellers.write")
def setup_tax() -> ResponseReturnValue:
    key = own_seller_id()
    with reading() as session:
        row = session.get_one(Seller, key)
        known = session.scalars(select(TaxRegistration).where(TaxRegistration.seller_id == key)).all()
    rows = "\n".join(f"{one.jurisdiction} {one.scheme} {one.number}".strip() for one in known)
    usual = f"{row.country} domestic {row.vat_id}".strip()
    form = TaxForm(data={"engine": row.tax_engine, "registrations": rows or usual})
    form.engine.choices = [("", say("Nobody: no tax is charged")), *offered("tax_engines")]
    if form.validate_on_submit():
        with form.refusals():
            engine = form.engine.data or ""
            with writing(submit_ctx()) as tx:
                set_tax(tx, key, engine, list(form.rows()) if engine else ())
            flash(say("Saved. It holds for documents to come."), "good")
            return redirect(next_step("tax"), 303)
    return step_page("tax", form=form)


class LookForm(Form):
    theme = RadioField(later("Theme of the shop and the customer area"))
    plans_shown_as = SelectField(later("Plans are shown as"))
    logo = FileField(later("Logo"), description=later("PNG or JPEG, up to 512 KB; in the head of documents."))
    accent = StringField(
        later("Colour of documents"),
        filters=[stripped],
        validators=[Length(max=9)],
        description=later("Like #6236d6."),
    )


@admin.route("/setup/look", methods=["GET", "POST"])
@allow("staff", permission="sellers.write")
def setup_look() -> ResponseReturnValue:
    key = own_seller_id()
    with reading() as session:
        row = session.get_one(Seller, key)
    told = {"theme": row.theme, "plans_shown_as": row.plans_shown_as, "accent": row.invoicing.get("accent", "")}
    form = LookForm(data=told)
    ways = {**layouts_of(row.theme), **layouts_of(request.form.get("theme", ""))}
    form.plans_shown_as.choices = [(code, say(label)) for code, label in ways.items()]
    form.theme.choices = offered("themes")
    if form.validate_on_submit():
        with form.refusals():
            picture = request.files.get("logo")
            data = picture.read() if picture and picture.filename else b""
            with writing(submit_ctx()) as tx:
                set_look(tx, key, form.theme.data, form.plans_shown_as.data)
                set_invoicing(tx, key, SellerInvoicing(**{**invoicing_of(row), "accent": form.accent.data or ""}))
                if data:
                    set_logo(tx, key, data)
            flash(say("Saved. Open the shop to see it."), "good")
            return redirect(next_step("look"), 303)
    return step_page("look", form=form)
