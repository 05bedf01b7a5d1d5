"""The overview, the password, and the sessions."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, false, func, or_, select
from wtforms import PasswordField
from wtforms.validators import InputRequired, Length

from billhead import clock
from billhead.actions.accounts.set_password import ByOldPassword, set_password
from billhead.actions.accounts.sign_out import sign_out
from billhead.actions.sign_in._passkeys import house
from billhead.actions.sign_in._second_step import ways_of
from billhead.actions.sign_in.confirm_identity import confirm_identity
from billhead.db import reading, writing
from billhead.domain.browser_names import device_named
from billhead.domain.errors import NotAllowed
from billhead.domain.rights import BUYERS
from billhead.models.people import UserSession
from billhead.models.sign_in import Impersonation, LinkedIdentity, Passkey
from billhead.plugin import allow
from billhead.web.accounts.forms import PASSWORD_HINT
from billhead.web.accounts.landing import local_path
from billhead.web.forms import Form
from billhead.web.paging import page_of
from billhead.web.request_context import Login, current_ctx, submit_ctx
from billhead.web.security.area import EVERYBODY, me, own_page, security
from billhead.web.speaking import later, say, speech

__all__: list[str] = []


class PasswordForm(Form):
    old = PasswordField(
        later("Present password"),
        validators=[InputRequired(later("Your present password is needed.")), Length(max=200)],
        render_kw={"autocomplete": "current-password"},
    )
    password = PasswordField(
        later("New password"),
        validators=[InputRequired(later("Choose a new password."))],
        description=PASSWORD_HINT,
        render_kw={"autocomplete": "new-password", "minlength": 10},
    )


class ConfirmForm(Form):
    password = PasswordField(
        later("Password"),
        validators=[InputRequired(later("Your password is needed.")), Length(max=200)],
        render_kw={"autocomplete": "current-password", "autofocus": True},
    )


@security.get("/")
@allow(*EVERYBODY)
def overview() -> ResponseReturnValue:
    login = me()
    sessions = select(UserSession).where(UserSession.user_id == login.user_id, UserSession.expires_at > clock.now())
    with reading() as session:
        ways = ways_of(session, login.user_id)
        passkeys = session.scalars(select(Passkey).where(Passkey.user_id == login.user_id).order_by(Passkey.id)).all()
        linked = select(LinkedIdentity).where(LinkedIdentity.user_id == login.user_id).order_by(LinkedIdentity.id)
        links = session.scalars(linked).all()
        rows = page_of(session, sessions, UserSession.id)
        looked = session.scalar(select(func.max(Impersonation.started_at)).where(_into_mine(login)))
    shown = {"ways": ways, "passkeys": passkeys, "links": links, "sessions": rows, "looked": looked}
    return own_page("overview", **shown, named=_named, has_passkeys=house() is not None)


def _named(user_agent: str) -> str:
    return device_named(user_agent, speech().say)


def _into_mine(login: Login) -> ColumnElement[bool]:
    """Visits to the area of this login: of a customer that became a reseller, those before as well. A family login is
    told of none."""
    if login.family:
        return false()
    of_customer = Impersonation.customer_id == login.customer_id if login.customer_id is not None else false()
    of_reseller = Impersonation.reseller_id == login.reseller_id if login.reseller_id is not None else false()
    return or_(of_customer, of_reseller)


@security.get("/visits")
@allow(*BUYERS)
def visits() -> ResponseReturnValue:
    """When our staff looked in, and why."""
    if me().family:
        raise NotAllowed("Only the main login of an account reads this.")
    with reading() as session:
        theirs = select(Impersonation).where(_into_mine(me()))
        rows = page_of(session, theirs, Impersonation.id)
    return own_page("visits", rows=rows, now=clock.now())


@security.route("/confirm", methods=["GET", "POST"])
@allow(*EVERYBODY)
def confirm() -> ResponseReturnValue:
    form = ConfirmForm()
    if form.validate_on_submit():
        with form.refusals():
            confirm_identity(current_ctx(), me().session_id, form.password.data)
            return redirect(local_path(request.args.get("next", "")) or url_for("security.overview"), 303)
    return own_page("confirm", form=form), 422 if form.is_submitted() else 200


@security.route("/password", methods=["GET", "POST"])
@allow(*EVERYBODY)
def password() -> ResponseReturnValue:
    form = PasswordForm()
    if form.validate_on_submit():
        with form.refusals():
            proof = ByOldPassword(me().user_id, form.old.data, keep_session=me().session_id)
            set_password(current_ctx(), proof, form.password.data)
            flash(say("Your password is changed. Other devices are signed out."), "good")
            return redirect(url_for("security.overview"), 303)
    return own_page("password", form=form), 422 if form.is_submitted() else 200


@security.post("/sessions/<int:session_id>/end")
@allow(*EVERYBODY)
def end_session(session_id: int) -> ResponseReturnValue:
    with writing(submit_ctx()) as tx:
        sign_out(tx, session_id)
    flash(say("That device is signed out."), "good")
    return redirect(url_for("security.overview"), 303)


@security.post("/sessions/end-others")
@allow(*EVERYBODY)
def end_others() -> ResponseReturnValue:
    with writing(submit_ctx()) as tx:
        sign_out(tx, keep=me().session_id)
    flash(say("All other devices are signed out."), "good")
    return redirect(url_for("security.overview"), 303)
