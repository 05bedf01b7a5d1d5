"""/setup: the first page of an empty house, behind the code that its program printed; then it is closed."""

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from wtforms import EmailField, PasswordField, SelectField, StringField
from wtforms.validators import DataRequired, Length

from billhead.actions.accounts.hash_password import hash_password
from billhead.actions.setup._code import has_staff
from billhead.actions.setup.open_house import House, open_house
from billhead.actions.setup.try_code import try_code
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import InvalidInput
from billhead.plugin import allow
from billhead.web.forms import Form, stripped
from billhead.web.pages import page
from billhead.web.places import country_choices, zone_names
from billhead.web.request_context import client_address
from billhead.web.speaking import later, say

__all__ = ["setting_up"]

setting_up = Blueprint("setting_up", __name__)


class SetupForm(Form):
    code = StringField(
        later("One-time code"),
        filters=[stripped],
        validators=[DataRequired(later("Type the code.")), Length(max=40)],
        description=later("It stands where `billhead serve` was started; `billhead setup --browser` prints a new one."),
        render_kw={"autocomplete": "off"},
    )
    company = StringField(
        later("Company"), filters=[stripped], validators=[DataRequired(later("Write its name.")), Length(max=120)]
    )
    country = SelectField(
        later("Country"),
        choices=lambda: [("", ""), *country_choices()],
        filters=[lambda code: code and code.upper()],
        validators=[DataRequired()],
    )
    currency = StringField(
        later("Currency"),
        filters=[stripped],
        validators=[DataRequired(), Length(3, 3)],
        description=later("Of the books, like EUR."),
    )
    zone = SelectField(later("Time zone"), default="UTC")
    email = EmailField(later("Your e-mail address"), filters=[stripped], validators=[DataRequired(), Length(max=200)])
    password = PasswordField(
        later("Password"), validators=[DataRequired()], description=later("At least ten characters."),
        render_kw={"autocomplete": "new-password"},
    )  # fmt: skip


@setting_up.route("/setup", methods=["GET", "POST"])
@allow("anyone")
def setup_page() -> ResponseReturnValue:
    with reading() as session:
        if has_staff(session):
            return redirect(url_for("admin.home"), 303)
    form = SetupForm()
    form.zone.choices = zone_names()
    if not form.is_submitted():
        form.zone.render_kw = {"data-fill-time-zone": ""}
    if form.validate_on_submit():
        with form.refusals():
            _open(form)
            flash(say("Your house is open. Sign in, and the dashboard says what to do next."), "good")
            return redirect(url_for("accounts.sign_in_page", next=url_for("admin.home")), 303)
    return page("setup.html", form=form), 422 if form.is_submitted() else 200


def _open(form: SetupForm) -> None:
    ctx = Context.system("setup")
    with writing(ctx) as tx:
        tried = try_code(tx, form.code.data, ip=client_address())
    if tried.refusal:
        raise InvalidInput("code", tried.refusal, hint=tried.hint)
    email = form.email.data.lower()
    password_hash = hash_password(form.password.data, email)
    country, currency = form.country.data, form.currency.data.upper()
    with writing(ctx) as tx:
        open_house(
            tx, form.code.data, House(form.company.data, country, currency, form.zone.data, email), password_hash
        )
