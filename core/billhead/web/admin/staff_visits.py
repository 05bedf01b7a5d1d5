"""Staff look into the area of a customer or reseller, as they see it."""

from dataclasses import replace

from flask import redirect, session, url_for
from flask.typing import ResponseReturnValue

from billhead.actions.impersonation.look_in import LASTS, look_in
from billhead.db import reading, writing
from billhead.models.people import Customer, Reseller
from billhead.plugin import allow
from billhead.web.accounts.landing import landing
from billhead.web.admin.area import admin, found
from billhead.web.admin.asking import Question, ReasonForm
from billhead.web.pages import page
from billhead.web.request_context import signed_in, submit_ctx
from billhead.web.speaking import say

__all__: list[str] = []

_MINUTES = int(LASTS.total_seconds() // 60)


@admin.route("/customers/<int:key>/look-in", methods=["GET", "POST"])
@allow("staff", permission="people.look_in")
def look_into_customer(key: int) -> ResponseReturnValue:
    with reading() as db_session:
        name = found(db_session, Customer, key, "customer").name
    return _asked(name, url_for("admin.customer", key=key), "customer", customer_id=key)


@admin.route("/resellers/<int:key>/look-in", methods=["GET", "POST"])
@allow("staff", permission="people.look_in")
def look_into_reseller(key: int) -> ResponseReturnValue:
    with reading() as db_session:
        row = found(db_session, Reseller, key, "reseller")
    return _asked(row.name, url_for("admin.reseller", key=key), row.tier, reseller_id=key)


def _asked(name: str, back: str, role: str, **whom: int) -> ResponseReturnValue:
    login, form = signed_in(), ReasonForm()
    assert login is not None, "only staff comes here"
    if form.validate_on_submit():
        with form.refusals():
            with writing(replace(submit_ctx(), reason=form.reason.data)) as tx:
                look_in(tx, login.session_id, **whom)
            for name in ("cart", "cart_before", "ordered"):
                session.pop(name, None)
            return redirect(landing(role), 303)
    told = say(
        "This browser shows you what %(name)s sees, for %(most)s minutes or until you end it. "
        "Everything you do is written down under both names. You can't pay, nor change payment "
        "methods, passwords, security or privacy. %(name)s can read when you looked, and your "
        "reason.",
        name=name,
        most=_MINUTES,
    )
    if role != "customer":
        told = say(
            "This browser shows you what %(name)s sees, for %(most)s minutes or until you end it. You only look: "
            "nothing can be changed, ordered or paid there. What it needs done you do on its page here. %(name)s can "
            "read when you looked, and your reason.",
            name=name,
            most=_MINUTES,
        )
    question = Question(say("Look in as %(name)s?", name=name), told, say("Look in"), back, danger=False)
    return page("admin/question.html", question=question, form=form), 422 if form.is_submitted() else 200
