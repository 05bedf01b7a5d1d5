"""The second step after the password, and signing in by a passkey alone."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from billhead.actions.sign_in.pass_second_step import ByCode, ByPasskey, pass_second_step, preview_pass_second_step
from billhead.actions.sign_in.sign_in_by_passkey import sign_in_by_passkey
from billhead.db import reading
from billhead.domain.errors import Conflict, InvalidInput, NotAllowed
from billhead.plugin import allow
from billhead.web.accounts.entering import STEP_COOKIE, accounts, enter, go_on, shop_id
from billhead.web.accounts.landing import local_path
from billhead.web.errors import refusal
from billhead.web.forms import Form, stripped
from billhead.web.pages import page
from billhead.web.request_context import browser, current_ctx
from billhead.web.speaking import later, say, speech

__all__: list[str] = []


class StepForm(Form):
    code = StringField(
        later("Code of your app, or a recovery code"),
        filters=[stripped],
        validators=[InputRequired(later("Type the code.")), Length(max=40)],
        render_kw={"autocomplete": "one-time-code"},
    )


@accounts.route("/sign-in/second-step", methods=["GET", "POST"])
@allow("anyone")
def second_step() -> ResponseReturnValue:
    token, form = request.cookies.get(STEP_COOKIE, ""), StepForm()
    try:
        proof = _proof(form)
        if proof is not None:
            try:
                return enter(pass_second_step(current_ctx(), token, proof, browser()))
            except (InvalidInput, NotAllowed) as refused:
                form.show(refused)
        with reading() as session:
            owed = preview_pass_second_step(session, token)
    except Conflict as ended:
        again = say("Give your password again.")
        flash(f"{speech().refusal(ended.message)} {again}", "bad")
        return _back_to_the_password()
    return page("accounts/second_step.html", form=form, owed=owed), 422 if form.is_submitted() else 200


def _proof(form: StepForm) -> ByCode | ByPasskey | None:
    answer = request.form.get("answer", "")
    if answer:
        return ByPasskey(answer)
    return ByCode(form.code.data) if form.validate_on_submit() else None


@accounts.post("/sign-in/passkey")
@allow("anyone")
def passkey_page() -> ResponseReturnValue:
    try:
        return go_on(sign_in_by_passkey(current_ctx(), shop_id(), request.form.get("answer", ""), browser()))
    except NotAllowed as refused:
        flash(refusal(refused)[0], "bad")
        return _back_to_the_password()


def _back_to_the_password() -> ResponseReturnValue:
    asked_for = local_path(request.args.get("next", "")) or None
    return redirect(url_for("accounts.sign_in_page", next=asked_for), 303)
