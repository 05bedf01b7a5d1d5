"""Add a customer, change what is known about one, and let one sign in."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import BooleanField, EmailField, SelectField, StringField
from wtforms.validators import InputRequired, Length

from billhead.actions.accounts._known_address import whose_address
from billhead.actions.accounts._price_groups import groups_of
from billhead.actions.accounts.add_customer import NewCustomer, add_customer
from billhead.actions.accounts.invite_customer import invite_customer
from billhead.actions.accounts.set_customer_email import set_customer_email
from billhead.actions.accounts.update_profile import Profile, update_profile
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.models.catalogue import PriceBook
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.plugin import allow
from billhead.web.admin.area import admin, found, own_seller_id
from billhead.web.admin.asking import Question, ReasonForm, asked, reason_field
from billhead.web.forms import Form, stripped
from billhead.web.invoicing import language_choices
from billhead.web.pages import page
from billhead.web.places import country_choices, zone_names
from billhead.web.request_context import submit_ctx
from billhead.web.speaking import later, say

__all__: list[str] = []


def _text(label: str, hint: str = "") -> StringField:
    render = {"autocomplete": "off", "maxlength": 200}
    return StringField(label, filters=[stripped], validators=[Length(max=200)], description=hint, render_kw=render)


_EMAIL = EmailField(
    later("E-mail address"), filters=[stripped], validators=[InputRequired(later("An address is needed."))],
    render_kw={"autocomplete": "off"},
)  # fmt: skip
"""Made before the others: it stands first."""


class _ProfileFields(Form):
    """What customers say about themselves in their own area."""

    name = StringField(
        later("Name"),
        filters=[stripped],
        validators=[InputRequired(later("As it should stand on invoices.")), Length(max=200)],
        render_kw={"autocomplete": "off", "maxlength": 200},
    )
    company = _text(later("Company"))
    vat_id = _text(later("VAT id"), later("Its register is asked by itself."))
    phone = _text(later("Phone"))
    street = _text(later("Street"))
    postcode = _text(later("Postcode"))
    city = _text(later("City"))
    region = _text(later("State or province"), later("Its short name, like CA."))
    country = SelectField(later("Country"), choices=country_choices, description=later("Decides which tax applies."))
    zone = SelectField(later("Time zone"), description=later("Periods begin and end at midnight there."))

    def profile(self) -> Profile:
        return Profile(**{name: self[name].data or "" for name in Profile.__dataclass_fields__})


class NewCustomerForm(_ProfileFields):
    email = _EMAIL
    language = SelectField(later("Language"), choices=language_choices, description=later("Of mail and documents."))
    currency = SelectField(later("Currency"), description=later("It pays in this one for good."))
    price_group = SelectField(later("Price group"), description=later("Its price books are open beside everybody’s."))
    invite = BooleanField(
        later("Mail a link to set a password"), description=later("It holds three days. Without a login you do all.")
    )

    def wanted(self) -> NewCustomer:
        return NewCustomer(
            self.email.data or "",
            self.profile(),
            self.currency.data,
            self.language.data,
            self.price_group.data or "",
            bool(self.invite.data),
        )


def sold_in(session: Session, seller: Seller) -> list[str]:
    """Its own currency, and those that it has price books for."""
    books = select(PriceBook.currency).where(PriceBook.seller_id == seller.id, PriceBook.reseller_id.is_(None))
    return sorted({seller.currency, *session.scalars(books.distinct())})


def _offer(session: Session, form: NewCustomerForm, seller: Seller) -> None:
    form.currency.choices = sold_in(session, seller)
    groups = groups_of(session, seller.id)
    form.price_group.choices = [("", say("everybody")), *((one, one) for one in groups)]


@admin.route("/customers/new", methods=["GET", "POST"])
@allow("staff", permission="customers.write")
def new_customer() -> ResponseReturnValue:
    known = None
    with reading() as session:
        seller = found(session, Seller, own_seller_id(), "seller")
        like = {"country": seller.country, "zone": seller.zone, "currency": seller.currency, "invite": True}
        form = NewCustomerForm(data=like | {"email": request.args.get("email", "")[:254]})
        _offer(session, form, seller)
        form.zone.choices = zone_names(seller.zone)
    if form.validate_on_submit():
        with form.refusals():
            with writing(submit_ctx()) as tx:
                made = add_customer(tx, seller.id, form.wanted())
            mailed = " " + say("The link to set a password is on its way.") if form.invite.data else ""
            flash(say("%(name)s is added.", name=form.name.data) + mailed, "good")
            return redirect(url_for("admin.customer", key=made.customer_id), 303)
    if form.email.errors:
        with reading() as session:
            known = whose_address(session, seller.id, (form.email.data or "").lower())
    back, status = url_for("admin.customers"), 422 if form.is_submitted() else 200
    shown = page(
        "admin/new_customer.html", form=form, title=say("A customer"), back=back, section="customers", known=known
    )
    return shown, status


class ProfileForm(_ProfileFields, ReasonForm):
    reason = reason_field()


@admin.route("/customers/<int:key>/profile", methods=["GET", "POST"])
@allow("staff", permission="customers.write")
def customer_profile(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Customer, key, "customer")
    told = {name: row.address.get(name, "") for name in ("street", "postcode", "city")}

    def act(ctx: Context, form: ProfileForm) -> str:
        with writing(ctx) as tx:
            update_profile(tx, key, form.profile())
        return say("Saved. Open orders have the tax that is due now; issued documents stay as they are.")

    form = ProfileForm(obj=row, **told)
    form.zone.choices = zone_names(row.zone)
    text = say("It holds for documents from now on.")
    question = Question(
        say("Profile of %(name)s", name=row.name), text, say("Save"), url_for("admin.customer", key=key), danger=False
    )
    return asked(question, form, act)


@admin.route("/customers/<int:key>/invite", methods=["GET", "POST"])
@allow("staff", permission="customers.write")
def invite_one(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Customer, key, "customer")

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            invite_customer(tx, key)
        return say("A link to set a password is on its way to %(email)s.", email=row.email)

    text = say("%(email)s is mailed a link that holds three days. A link from before ends.", email=row.email)
    back = url_for("admin.customer_logins", key=key)
    return asked(
        Question(say("Let %(name)s sign in?", name=row.name), text, say("Mail the link"), back, danger=False),
        ReasonForm(),
        act,
    )


class EmailForm(Form):
    email = EmailField(
        later("New e-mail address"), filters=[stripped], validators=[InputRequired(later("An address is needed."))],
        render_kw={"autocomplete": "off"},
    )  # fmt: skip
    reason = reason_field()


@admin.route("/customers/<int:key>/email", methods=["GET", "POST"])
@allow("staff", permission="customers.write")
def customer_email(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Customer, key, "customer")

    def act(ctx: Context, form: EmailForm) -> str:
        with writing(ctx) as tx:
            set_customer_email(tx, key, form.email.data)
        return say("%(name)s is written to at %(email)s from now on.", name=row.name, email=form.email.data)

    text = say(
        "Now it is %(email)s. The new one holds at once, also to sign in by, and nobody checks that "
        "it is theirs: ask who it is first. The address of before is told; links that were mailed "
        "there end.",
        email=row.email or say("none"),
    )
    question = Question(
        say("Another e-mail address for %(name)s?", name=row.name),
        text,
        say("Change it"),
        url_for("admin.customer", key=key),
    )
    return asked(question, EmailForm(), act)
