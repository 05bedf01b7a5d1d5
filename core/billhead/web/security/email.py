"""Another e-mail address to sign in by: asked for here, confirmed by the link that is mailed there."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from wtforms import EmailField
from wtforms.validators import Email, InputRequired

from billhead import clock
from billhead.actions.accounts._tokens import NEW_EMAIL
from billhead.actions.accounts.ask_new_email import ask_new_email
from billhead.db import reading
from billhead.models.people import OneTimeToken
from billhead.plugin import allow
from billhead.web.forms import Form, stripped
from billhead.web.request_context import submit_ctx
from billhead.web.security.area import EVERYBODY, fresh, me, own_page, security
from billhead.web.speaking import later, say

__all__: list[str] = []


class EmailForm(Form):
    email = EmailField(
        later("New e-mail address"),
        filters=[stripped],
        validators=[
            InputRequired(later("Your e-mail address is needed.")),
            Email(later("This is not an e-mail address.")),
        ],
        render_kw={"autocomplete": "email", "inputmode": "email"},
    )


@security.route("/email", methods=["GET", "POST"])
@allow(*EVERYBODY)
@fresh
def email() -> ResponseReturnValue:
    form = EmailForm()
    if form.validate_on_submit():
        with form.refusals():
            ask_new_email(submit_ctx(), form.email.data)
            flash(say("A link is on its way to %(email)s. The address changes when you follow it.",
                      email=form.email.data), "good")  # fmt: skip
            return redirect(url_for("security.overview"), 303)
    asked = OneTimeToken.user_id == me().user_id, OneTimeToken.purpose == NEW_EMAIL
    with reading() as session:
        waits = session.scalar(select(OneTimeToken).where(*asked, OneTimeToken.expires_at > clock.now()))
    return own_page("email", form=form, waits=waits), 422 if form.is_submitted() else 200
