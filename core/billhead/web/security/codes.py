"""An app that makes codes, and recovery codes."""

from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from billhead.actions.sign_in.begin_code_app import begin_code_app
from billhead.actions.sign_in.confirm_code_app import confirm_code_app, preview_confirm_code_app
from billhead.actions.sign_in.make_recovery_codes import make_recovery_codes
from billhead.actions.sign_in.remove_code_app import remove_code_app
from billhead.db import reading, writing
from billhead.plugin import allow
from billhead.web.forms import Form, stripped
from billhead.web.qr import qr_code
from billhead.web.request_context import current_ctx, current_seller, submit_ctx
from billhead.web.security.area import EVERYBODY, Question, fresh, me, own_page, security
from billhead.web.speaking import later, say

__all__: list[str] = []

_CODES_LONG = 600


class CodeForm(Form):
    code = StringField(
        later("Code of the app"),
        filters=[stripped],
        validators=[InputRequired(later("Type the six digits that the app shows.")), Length(max=20)],
        render_kw={"autocomplete": "one-time-code", "inputmode": "numeric"},
    )


@security.route("/app", methods=["GET", "POST"])
@allow(*EVERYBODY)
@fresh
def code_app() -> ResponseReturnValue:
    """The picture for the phone, and the field for the first code."""
    seller = current_seller()
    with reading() as session:
        asked = preview_confirm_code_app(session, me().user_id, seller.name if seller is not None else "Billhead")
    if asked is None:
        return redirect(url_for("security.overview"), 303)
    form = CodeForm()
    if form.validate_on_submit():
        with form.refusals():
            codes = confirm_code_app(current_ctx(), form.code.data)
            if codes:
                return own_page("recovery_codes", codes=codes, just_on=True)
            flash(say("The app is set up: its code is asked for when you sign in."), "good")
            return redirect(url_for("security.overview"), 303)
    drawn = qr_code(asked.address, say("The secret of your app as a picture"))
    shown = own_page("code_app", form=form, qr=drawn, secret=asked.secret)
    return shown, 422 if form.is_submitted() else 200


@security.post("/app/begin")
@allow(*EVERYBODY)
@fresh
def begin_app() -> ResponseReturnValue:
    with writing(current_ctx()) as tx:
        begin_code_app(tx)
    return redirect(url_for("security.code_app"), 303)


@security.route("/app/remove", methods=["GET", "POST"])
@allow(*EVERYBODY)
@fresh
def remove_app() -> ResponseReturnValue:
    form = Form()
    if form.validate_on_submit():
        with form.refusals():
            with writing(submit_ctx()) as tx:
                remove_code_app(tx)
            flash(say("The app is removed: its codes are asked for no more."), "good")
            return redirect(url_for("security.overview"), 303)
    told = say(
        "Signing in asks for no code of it any more. Without a passkey your password alone is enough then, and your "
        "recovery codes end."
    )
    question = Question(say("Remove the app?"), told, say("Remove it"))
    return own_page("question", form=form, question=question), 422 if form.is_submitted() else 200


@security.post("/recovery-codes")
@allow(*EVERYBODY)
@fresh
def new_recovery_codes() -> ResponseReturnValue:
    """Shown in the answer itself: they are kept nowhere, so there is no page to come back to."""
    with writing(current_ctx()) as tx:
        codes = make_recovery_codes(tx)
    return own_page("recovery_codes", codes=codes, just_on=False)


@security.post("/recovery-codes/file")
@allow(*EVERYBODY)
def recovery_codes_file() -> Response:
    """The codes that the page shows, as a file: they come with the form, since we do not have them any more."""
    seller = current_seller()
    typed = request.form.get("codes", "")[:_CODES_LONG]
    signs = "".join(sign for sign in typed if sign.isascii() and (sign.isalnum() or sign in "-\n"))
    name = seller.name if seller is not None else "Billhead"
    told = say("Recovery codes of %(email)s at %(shop)s. Each works once.", email=me().email, shop=name)
    text = f"{told}\n\n{signs}\n"
    response = Response(text, mimetype="text/plain")
    response.headers["Content-Disposition"] = 'attachment; filename="recovery-codes.txt"'
    return response
