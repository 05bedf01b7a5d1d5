"""The customer's own data, and saved ways to pay."""

from urllib.parse import urlsplit

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from wtforms import SelectField, StringField
from wtforms.validators import InputRequired, Length

from billhead.actions.accounts.update_profile import Profile, update_profile
from billhead.actions.payments._methods import visible_method, ways_to_save
from billhead.actions.payments.forget_method import forget_method
from billhead.actions.payments.move_method import move_method
from billhead.actions.payments.prefer_method import prefer_method
from billhead.actions.payments.resolve_saving import resolve_saving
from billhead.actions.payments.start_saving import start_saving
from billhead.db import reading, writing
from billhead.domain.errors import Conflict, GatewayError, NotFound, OutcomeUnknown
from billhead.domain.payment import UNRESOLVED, AttemptState
from billhead.domain.rights import BUYERS
from billhead.models.payments import MethodSaving, PaymentMethod
from billhead.models.people import Customer
from billhead.plugin import allow
from billhead.web.affected import by_method
from billhead.web.customer.blueprint import customer
from billhead.web.errors import refusal
from billhead.web.forms import Form, stripped
from billhead.web.pages import page
from billhead.web.places import country_choices, zone_names
from billhead.web.request_context import current_ctx, current_customer_id, submit_ctx
from billhead.web.shop_address import outside
from billhead.web.speaking import later, say

__all__: list[str] = []


def _text(label: str, autocomplete: str, *, required: bool = False, hint: str = "") -> StringField:
    checks = [InputRequired(later("Your name is needed."))] if required else []
    return StringField(
        label,
        filters=[stripped],
        validators=[*checks, Length(max=200)],
        description=hint,
        render_kw={"autocomplete": autocomplete},
    )


class ProfileForm(Form):
    name = _text(later("Name"), "name", required=True)
    company = _text(later("Company"), "organization")
    vat_id = _text(
        later("VAT number"), "off", hint=later("With a valid one from another EU country no VAT is charged.")
    )
    phone = _text(later("Phone"), "tel")
    street = _text(later("Street"), "street-address")
    postcode = _text(later("Postcode"), "postal-code")
    city = _text(later("City"), "address-level2")
    region = _text(
        later("State or province"),
        "address-level1",
        hint=later("Its short name, like CA; in some countries it decides on the tax."),
    )
    country = SelectField(later("Country"), choices=country_choices, description=later("Decides which tax applies."))
    zone = SelectField(later("Time zone"), description=later("Your periods begin and end at midnight here."))


@customer.route("/profile", methods=["GET", "POST"])
@allow(*BUYERS, permission="own.profile")
def profile() -> ResponseReturnValue:
    with reading() as session:
        me = session.get_one(Customer, current_customer_id())
    shown = {name: me.address.get(name, "") for name in ("street", "postcode", "city")}
    form = ProfileForm(obj=me, **shown)
    form.zone.choices = zone_names(me.zone)
    if form.validate_on_submit():
        with form.refusals():
            told = Profile(**{name: form[name].data or "" for name in Profile.__dataclass_fields__})
            with writing(submit_ctx()) as tx:
                update_profile(tx, me.id, told)
            flash(say("Saved. It holds for invoices from now on."), "good")
            return redirect(url_for("customer.profile"), 303)
    return page("customer/profile.html", form=form, me=me), 422 if form.is_submitted() else 200


@customer.get("/payment-methods")
@allow(*BUYERS, permission="own.methods")
def payment_methods() -> ResponseReturnValue:
    with reading() as session:
        methods = session.scalars(
            select(PaymentMethod)
            .where(PaymentMethod.customer_id == current_customer_id(), PaymentMethod.token != "")
            .order_by(PaymentMethod.is_default.desc(), PaymentMethod.position, PaymentMethod.id.desc())
        ).all()
        options = ways_to_save(session, current_customer_id())
    return page("customer/payment_methods.html", methods=methods, options=options)


@customer.post("/payment-methods/add/<int:account_id>")
@allow(*BUYERS, permission="own.methods")
def add_method(account_id: int) -> ResponseReturnValue:
    """To the gateway's page, on which a method is saved and nothing is paid."""
    back = outside(url_for("customer.payment_methods") + "/added")
    try:
        begun = start_saving(submit_ctx(), current_customer_id(), account_id, back)
    except (GatewayError, OutcomeUnknown):
        flash(say("This can't be reached now. Nothing was charged; please try again later."), "bad")
        return redirect(url_for("customer.payment_methods"), 303)
    except Conflict as refused:
        flash(refusal(refused)[0], "bad")
        return redirect(url_for("customer.payment_methods"), 303)
    return redirect(url_for("customer.adding_method", saving_id=begun.saving_id), 303)


@customer.get("/payment-methods/adding/<int:saving_id>")
@allow(*BUYERS, permission="own.methods")
def adding_method(saving_id: int) -> ResponseReturnValue:
    with reading() as session:
        saving = session.get(MethodSaving, saving_id)
    if saving is None or saving.customer_id != current_customer_id():
        raise NotFound("saving", saving_id)
    if AttemptState(saving.state) not in UNRESOLVED or urlsplit(saving.url).scheme not in ("http", "https"):
        return redirect(url_for("customer.payment_methods"), 303)
    return page("customer/adding_method.html", url=saving.url)


@customer.get("/payment-methods/added/<int:saving_id>")
@allow(*BUYERS, permission="own.methods")
def added_method(saving_id: int) -> ResponseReturnValue:
    """Back from the gateway's page: it is asked what became of it."""
    state = resolve_saving(current_ctx(), saving_id)
    if state == AttemptState.SUCCEEDED:
        flash(say("Saved. It is used for renewals from now on."), "good")
    elif AttemptState(state) in UNRESOLVED:
        flash(say("It is not saved yet. It appears here as soon as the payment provider tells us."), "bad")
    else:
        flash(say("It was not saved. You can try again."), "bad")
    return redirect(url_for("customer.payment_methods"), 303)


@customer.post("/payment-methods/<int:method_id>/default")
@allow(*BUYERS, permission="own.methods")
def use_method(method_id: int) -> ResponseReturnValue:
    with writing(submit_ctx()) as tx:
        prefer_method(tx, method_id)
    flash(say("This one is used for renewals from now on."), "good")
    return redirect(url_for("customer.payment_methods"), 303)


@customer.post("/payment-methods/<int:method_id>/move")
@allow(*BUYERS, permission="own.methods")
def move_one_method(method_id: int) -> ResponseReturnValue:
    """`way`: up or down."""
    with writing(submit_ctx()) as tx:
        move_method(tx, method_id, request.form.get("way", ""))
    flash(say("The order is changed."), "good")
    return redirect(url_for("customer.payment_methods"), 303)


@customer.route("/payment-methods/<int:method_id>/remove", methods=["GET", "POST"])
@allow(*BUYERS, permission="own.methods")
def remove_method(method_id: int) -> ResponseReturnValue:
    """What it renews is shown first."""
    if request.method == "GET":
        with reading() as session:
            method = visible_method(session, current_ctx(), method_id)
            number, renewed = by_method(session, method_id)
        return page("customer/method_remove.html", method=method, number=number, renewed=renewed)
    with writing(submit_ctx()) as tx:
        forget_method(tx, method_id)
    flash(say("Removed. Renewals that used it are offered to you by mail instead."), "good")
    return redirect(url_for("customer.payment_methods"), 303)
