"""Passkeys: added with a little script, renamed and removed without one."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from wtforms import HiddenField, StringField
from wtforms.validators import InputRequired, Length

from billhead.actions.sign_in.add_passkey import add_passkey, preview_add_passkey
from billhead.actions.sign_in.remove_passkey import remove_passkey
from billhead.actions.sign_in.rename_passkey import rename_passkey
from billhead.db import reading, writing
from billhead.domain.browser_names import device_named
from billhead.domain.errors import NotFound
from billhead.models.sign_in import Passkey
from billhead.plugin import allow
from billhead.web.forms import Form, stripped
from billhead.web.request_context import current_ctx, submit_ctx
from billhead.web.security.area import EVERYBODY, Question, fresh, me, own_page, security
from billhead.web.speaking import later, say, speech

__all__: list[str] = []


class NameForm(Form):
    name = StringField(
        later("Name"),
        filters=[stripped],
        validators=[InputRequired(later("Give it a name by which you know it again.")), Length(max=60)],
        description=later("So that you know later which one it is."),
        render_kw={"autocomplete": "off", "maxlength": 60},
    )


class PasskeyForm(NameForm):
    answer = HiddenField()


@security.route("/passkeys/new", methods=["GET", "POST"])
@allow(*EVERYBODY)
@fresh
def new_passkey() -> ResponseReturnValue:
    form = PasskeyForm(name=device_named(request.headers.get("User-Agent", ""), speech().say))
    if form.validate_on_submit():
        with form.refusals():
            with writing(submit_ctx()) as tx:
                add_passkey(tx, form.name.data, form.answer.data or "")
            flash(say("The passkey is added."), "good")
            return redirect(url_for("security.overview"), 303)
    form.answer.data = ""  # an answer holds once
    with reading() as session:
        options = preview_add_passkey(session, me().user_id)
    return own_page("new_passkey", form=form, options=options), 422 if form.is_submitted() else 200


@security.route("/passkeys/<int:passkey_id>", methods=["GET", "POST"])
@allow(*EVERYBODY)
def rename(passkey_id: int) -> ResponseReturnValue:
    form = NameForm(name=_own(passkey_id).name)
    if form.validate_on_submit():
        with form.refusals():
            with writing(submit_ctx()) as tx:
                rename_passkey(tx, passkey_id, form.name.data)
            flash(say("Renamed."), "good")
            return redirect(url_for("security.overview"), 303)
    return own_page("passkey", form=form), 422 if form.is_submitted() else 200


@security.route("/passkeys/<int:passkey_id>/remove", methods=["GET", "POST"])
@allow(*EVERYBODY)
@fresh
def remove(passkey_id: int) -> ResponseReturnValue:
    name, form = _own(passkey_id).name, Form()
    if form.validate_on_submit():
        with form.refusals():
            with writing(current_ctx()) as tx:
                remove_passkey(tx, passkey_id)
            flash(say("The passkey is removed."), "good")
            return redirect(url_for("security.overview"), 303)
    told = say(
        "Nobody signs in with it any more. If it was your only second step, your password alone is enough then, and "
        "your recovery codes end. Delete it on your device too, or it goes on being offered there."
    )
    question = Question(say("Remove the passkey %(name)s?", name=name), told, say("Remove it"))
    return own_page("question", form=form, question=question), 422 if form.is_submitted() else 200


def _own(passkey_id: int) -> Passkey:
    with reading() as session:
        row = session.scalar(select(Passkey).where(Passkey.id == passkey_id, Passkey.user_id == me().user_id))
    if row is None:
        raise NotFound("passkey", passkey_id)
    return row
