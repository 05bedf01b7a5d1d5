"""The logins of a customer: who signs in, where from, and what staff do when somebody else has one."""

from collections.abc import Callable

from flask import url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from wtforms import BooleanField

from billhead import clock
from billhead.actions.accounts._customers_login import locked_since
from billhead.actions.accounts.disable_login import disable_login
from billhead.actions.accounts.enable_login import enable_login
from billhead.actions.accounts.end_sessions import end_sessions
from billhead.actions.accounts.unlock_login import unlock_login
from billhead.actions.sign_in._second_step import asks_twice
from billhead.db import Tx, reading, writing
from billhead.domain.browser_names import device_named
from billhead.domain.context import Context
from billhead.domain.errors import NotFound
from billhead.domain.rights import FAMILY_RIGHTS
from billhead.models.people import Customer, User, UserSession
from billhead.plugin import allow
from billhead.web.admin.area import admin, found, trail_of
from billhead.web.admin.asking import Question, ReasonForm, asked, reason_field
from billhead.web.pages import page
from billhead.web.paging import page_of
from billhead.web.speaking import later, say, speech

__all__: list[str] = []

_NEEDS = "customers.write"
_SESSIONS = 50


@admin.get("/customers/<int:key>/logins")
@allow("staff")
def customer_logins(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Customer, key, "customer")
        theirs = select(User, asks_twice(User.id).label("twice"), User.id).where(User.customer_id == key)
        rows = page_of(session, theirs, User.id, whole_rows=True)
        people = {one.User.id: one.User for one in rows.items}
        now = UserSession.user_id.in_(people), UserSession.expires_at > clock.now()
        sessions = session.scalars(
            select(UserSession).where(*now).order_by(UserSession.last_seen_at.desc()).limit(_SESSIONS)
        ).all()
        locked = locked_since(session, people.values())
        trail = trail_of(session, *(f"user:{one}" for one in people))
    shown = {"sessions": sessions, "people": people, "locked": locked, "named": _named, "trail": trail}
    return page("admin/customer_logins.html", customer=row, rows=rows, words=FAMILY_RIGHTS, **shown)


def _named(user_agent: str) -> str:
    return device_named(user_agent, speech().say)


def _login(customer_key: int, key: int) -> User:
    with reading() as session:
        row = found(session, User, key, "login")
    if row.customer_id != customer_key:
        raise NotFound("login", key)
    return row


def _asked(customer_key: int, title: str, told: str, button: str, form: ReasonForm, act: Callable[[Tx], str],
           *, danger: bool = True) -> ResponseReturnValue:  # fmt: skip
    def acted(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            return act(tx)

    back = url_for("admin.customer_logins", key=customer_key)
    return asked(Question(title, told, button, back, danger), form, acted)


@admin.route("/customers/<int:customer_key>/logins/<int:key>/sign-out", methods=["GET", "POST"])
@allow("staff", permission=_NEEDS)
def end_customer_sessions(customer_key: int, key: int) -> ResponseReturnValue:
    row = _login(customer_key, key)

    def act(tx: Tx) -> str:
        end_sessions(tx, key)
        return say("%(email)s is signed out everywhere.", email=row.email)

    told = say("All of their devices are signed out and mailed links end; they can sign in again with their password.")
    title = say("Sign %(email)s out?", email=row.email)
    return _asked(customer_key, title, told, say("Sign out everywhere"), ReasonForm(), act)


class DisableForm(ReasonForm):
    reason = reason_field()

    def __init__(self) -> None:
        super().__init__()
        self.reason.description = say("Read by them when they sign in, and by colleagues in the audit trail.")


@admin.route("/customers/<int:customer_key>/logins/<int:key>/disable", methods=["GET", "POST"])
@allow("staff", permission=_NEEDS)
def disable_customer_login(customer_key: int, key: int) -> ResponseReturnValue:
    row = _login(customer_key, key)

    def act(tx: Tx) -> str:
        disable_login(tx, key)
        return say("%(email)s is disabled.", email=row.email)

    told = say(
        "All devices are signed out at once, and nobody signs in with it any more. Lines run on, and what is owed "
        "stays. Who knows the password reads your reason."
    )
    return _asked(customer_key, say("Disable %(email)s?", email=row.email), told, say("Disable"), DisableForm(), act)


class EnableForm(ReasonForm):
    new_password = BooleanField(
        later("Only with a new password"), default=True,
        description=later(
            "The old one ends, and so do passkeys, codes and single sign-on. A link to set another is mailed."
        ),
    )  # fmt: skip
    reason = reason_field()


@admin.route("/customers/<int:customer_key>/logins/<int:key>/enable", methods=["GET", "POST"])
@allow("staff", permission=_NEEDS)
def enable_customer_login(customer_key: int, key: int) -> ResponseReturnValue:
    row, form = _login(customer_key, key), EnableForm()

    def act(tx: Tx) -> str:
        enable_login(tx, key, bool(form.new_password.data))
        return say("%(email)s is back.", email=row.email)

    told = say("Be sure that it is them, and that the address is still theirs.")
    title = say("Let %(email)s in again?", email=row.email)
    return _asked(customer_key, title, told, say("Let in"), form, act, danger=False)


@admin.route("/customers/<int:customer_key>/logins/<int:key>/unlock", methods=["GET", "POST"])
@allow("staff", permission=_NEEDS)
def unlock_customer_login(customer_key: int, key: int) -> ResponseReturnValue:
    row = _login(customer_key, key)

    def act(tx: Tx) -> str:
        unlock_login(tx, key)
        return say("%(email)s may try again.", email=row.email)

    told = say("Too many tries have locked it for a quarter of an hour. Be sure that it was them who tried.")
    title = say("Unlock %(email)s?", email=row.email)
    return _asked(customer_key, title, told, say("Unlock"), ReasonForm(), act, danger=False)
