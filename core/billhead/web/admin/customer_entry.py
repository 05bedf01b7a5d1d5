"""Add a customer, change what is known about one, and let one sign in."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import BooleanField, EmailField, SelectField, StringField
from wtforms.validators import InputRequired, Length

from billhead.actions.accounts._known_address import whose_address
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

__all__: list[str] = []


def _text(label: str, hint: str = "") -> StringField:
    render = {"autocomplete": "off", "maxlength": 200}
    return StringField(label, filters=[stripped], validators=[Length(max=200)], description=hint, render_kw=render)


_EMAIL = EmailField(
    "E-mail address", filters=[stripped], validators=[InputRequired("An address is needed.")],
    render_kw={"autocomplete": "off"},
)  # fmt: skip
"""Made before the others: it stands first."""


class _ProfileFields(Form):
    """What customers say about themselves in their own area."""

    name = StringField(
        "Name",
        filters=[stripped],
        validators=[InputRequired("As it should stand on invoices."), Length(max=200)],
        render_kw={"autocomplete": "off", "maxlength": 200},
    )
    company = _text("Company")
    vat_id = _text("VAT id", "Its register is asked by itself.")
    phone = _text("Phone")
    street = _text("Street")
    postcode = _text("Postcode")
    city = _text("City")
    region = _text("State or province", "Its short name, like CA.")
    country = SelectField("Country", choices=country_choices, description="Decides which tax applies.")
    zone = SelectField("Time zone", choices=zone_names, description="Periods begin and end at midnight there.")

    def profile(self) -> Profile:
        return Profile(**{name: self[name].data or "" for name in Profile.__dataclass_fields__})


class NewCustomerForm(_ProfileFields):
    email = _EMAIL
    language = SelectField("Language", choices=language_choices, description="Of mail and documents.")
    currency = SelectField("Currency", description="It pays in this one for good.")
    price_group = SelectField("Price group", description="Its price books are open beside everybody’s.")
    invite = BooleanField(
        "Mail a link to set a password", description="It holds three days. Without a login you do all."
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


def _offer(session: Session, form: NewCustomerForm, seller: Seller) -> None:
    """The currencies and groups that the seller has price books for."""
    books = session.execute(
        select(PriceBook.currency, PriceBook.price_group)
        .where(PriceBook.seller_id == seller.id, PriceBook.reseller_id.is_(None))
        .distinct()
    ).all()
    form.currency.choices = sorted({seller.currency, *(one.currency for one in books)})
    groups = sorted({one.price_group for one in books} - {""})
    form.price_group.choices = [("", "everybody"), *((one, one) for one in groups)]


@admin.route("/customers/new", methods=["GET", "POST"])
@allow("staff", permission="customers.write")
def new_customer() -> ResponseReturnValue:
    known = None
    with reading() as session:
        seller = found(session, Seller, own_seller_id(), "seller")
        like = {"country": seller.country, "zone": seller.zone, "currency": seller.currency, "invite": True}
        form = NewCustomerForm(data=like | {"email": request.args.get("email", "")[:254]})
        _offer(session, form, seller)
    if form.validate_on_submit():
        with form.refusals():
            with writing(submit_ctx()) as tx:
                made = add_customer(tx, seller.id, form.wanted())
            mailed = " The link to set a password is on its way." if form.invite.data else ""
            flash(f"{form.name.data} is added.{mailed}", "good")
            return redirect(url_for("admin.customer", key=made.customer_id), 303)
    if form.email.errors:
        with reading() as session:
            known = whose_address(session, seller.id, (form.email.data or "").lower())
    back, status = url_for("admin.customers"), 422 if form.is_submitted() else 200
    shown = page("admin/new_customer.html", form=form, title="A customer", back=back, section="customers", known=known)
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
        return "Saved. Open orders have the tax that is due now; issued documents stay as they are."

    text = "It holds for documents from now on."
    question = Question(f"Profile of {row.name}", text, "Save", url_for("admin.customer", key=key), danger=False)
    return asked(question, ProfileForm(obj=row, **told), act)


@admin.route("/customers/<int:key>/invite", methods=["GET", "POST"])
@allow("staff", permission="customers.write")
def invite_one(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Customer, key, "customer")

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            invite_customer(tx, key)
        return f"A link to set a password is on its way to {row.email}."

    text = f"{row.email} is mailed a link that holds three days. A link from before ends."
    back = url_for("admin.customer_logins", key=key)
    return asked(Question(f"Let {row.name} sign in?", text, "Mail the link", back, danger=False), ReasonForm(), act)


class EmailForm(Form):
    email = EmailField(
        "New e-mail address", filters=[stripped], validators=[InputRequired("An address is needed.")],
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
        return f"{row.name} is written to at {form.email.data} from now on."

    text = (
        f"Now it is {row.email or 'none'}. The new one holds at once, also to sign in by, and nobody checks that it is "
        "theirs: ask who it is first. The address of before is told; links that were mailed there end."
    )
    question = Question(
        f"Another e-mail address for {row.name}?", text, "Change it", url_for("admin.customer", key=key)
    )
    return asked(question, EmailForm(), act)
