"""Where a seller's people sign in beside their passwords."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, PasswordField, StringField
from wtforms.validators import InputRequired, Length

from billhead.actions.shops._addresses import addresses_of
from billhead.actions.sign_in.save_provider import ProviderWish, save_provider
from billhead.db import reading, writing
from billhead.models.sellers import Seller
from billhead.models.sign_in import SignInProvider
from billhead.plugin import allow
from billhead.web.admin.area import admin, found
from billhead.web.forms import Form, stripped
from billhead.web.pages import page
from billhead.web.request_context import submit_ctx
from billhead.web.speaking import later, say

__all__: list[str] = []


class ProviderForm(Form):
    label = StringField(
        later("Name"), filters=[stripped], validators=[InputRequired(later("Say how people call it.")), Length(max=60)],
        description=later("As the button says it: Sign in with …"),
    )  # fmt: skip
    issuer = StringField(
        later("Issuer"), filters=[stripped], validators=[InputRequired(later("Give its address.")), Length(max=300)],
        description=later("The address by which the provider names itself, like https://login.example.com/realms/tv."),
    )  # fmt: skip
    client_id = StringField(
        later("Client id"), filters=[stripped], validators=[InputRequired(later("Is needed.")), Length(max=300)]
    )
    client_secret = PasswordField(
        later("Client secret"), validators=[Length(max=500)],
        description=later("Empty: as it is, for the same issuer and client."),
        render_kw={"autocomplete": "off"},
    )  # fmt: skip
    enabled = BooleanField(later("It may be used"), default=True)
    for_customers = BooleanField(
        later("By customers too"), description=later("Who has a login here already; nobody gets one by this.")
    )


@admin.route("/sellers/<int:key>/single-sign-on", methods=["GET", "POST"])
@allow("staff", permission="staff.write")
def seller_single_sign_on(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Seller, key, "seller")
        stored, addresses = session.get(SignInProvider, key), addresses_of(session, key)
    form = ProviderForm(obj=stored)
    also = say("and")
    back = f" {also} ".join(address + url_for("accounts.from_provider") for address in addresses)
    told = say("There, allow %(addresses)s.", addresses=back)
    form.issuer.description = f"{form.issuer.description} {told}"
    if form.validate_on_submit():
        with form.refusals():
            names = ("label", "issuer", "client_id", "client_secret", "enabled", "for_customers")
            wish = ProviderWish(**{name: form[name].data for name in names})
            with writing(submit_ctx()) as tx:
                save_provider(tx, key, wish)
            flash(say("Saved. Sign in with it in another browser before you leave this one."), "good")
            return redirect(url_for("admin.seller_single_sign_on", key=key), 303)
    answer = page(
        "admin/entry.html", form=form, title=say("Single sign-on of %(name)s", name=row.name),
        back=url_for("admin.seller_invoicing", key=key), section="sellers",
    )  # fmt: skip
    return answer, 422 if form.is_submitted() else 200
