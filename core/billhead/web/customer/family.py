"""Further logins of the account: who in the family may see, pay or change what."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import EmailField, SelectMultipleField
from wtforms.validators import Email, InputRequired
from wtforms.widgets import CheckboxInput, ListWidget

from billhead.actions.family.change_member import change_member
from billhead.actions.family.invite_member import invite_member
from billhead.actions.family.remove_member import remove_member
from billhead.db import reading, writing
from billhead.domain.errors import NotFound
from billhead.domain.rights import BUYERS, FAMILY_RIGHTS
from billhead.models.people import User
from billhead.plugin import allow
from billhead.web.customer.blueprint import customer
from billhead.web.forms import Form, stripped
from billhead.web.pages import page
from billhead.web.paging import page_of
from billhead.web.request_context import current_customer_id, submit_ctx
from billhead.web.security.area import fresh
from billhead.web.speaking import later, say

__all__: list[str] = []


class RightsForm(Form):
    rights = SelectMultipleField(
        later("May"),
        choices=lambda: [(name, say(words)) for name, words in FAMILY_RIGHTS.items()],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )


class InviteForm(Form):
    email = EmailField(
        later("E-mail address"),
        filters=[stripped],
        validators=[InputRequired(later("Say whom.")), Email(later("This is not an e-mail address."))],
        description=later("They set a password of their own by a link that we mail."),
    )
    rights = RightsForm.rights


@customer.get("/family")
@allow(*BUYERS, permission="own.family")
def family() -> ResponseReturnValue:
    mine = select(User).where(User.customer_id == current_customer_id(), User.family, User.disabled.is_(False))
    with reading() as session:
        rows = page_of(session, mine, User.id)
    return page("customer/family.html", rows=rows, words=FAMILY_RIGHTS)


@customer.route("/family/new", methods=["GET", "POST"])
@allow(*BUYERS, permission="own.family")
@fresh
def invite() -> ResponseReturnValue:
    form = InviteForm()
    if form.validate_on_submit():
        with form.refusals():
            invite_member(submit_ctx(), form.email.data, form.rights.data or [])
            flash(say("%(who)s is invited by mail.", who=form.email.data), "good")
            return redirect(url_for("customer.family"), 303)
    return page("customer/family_member.html", form=form, member=None), 422 if form.is_submitted() else 200


@customer.route("/family/<int:user_id>", methods=["GET", "POST"])
@allow(*BUYERS, permission="own.family")
@fresh
def member(user_id: int) -> ResponseReturnValue:
    with reading() as session:
        row = _own(session, user_id)
    form = RightsForm(data={"rights": row.permissions})
    if form.validate_on_submit():
        with form.refusals():
            with writing(submit_ctx()) as tx:
                change_member(tx, user_id, form.rights.data or [])
            flash(say("Saved. It holds from their next click."), "good")
            return redirect(url_for("customer.family"), 303)
    return page("customer/family_member.html", form=form, member=row), 422 if form.is_submitted() else 200


@customer.route("/family/<int:user_id>/remove", methods=["GET", "POST"])
@allow(*BUYERS, permission="own.family")
def remove_from_family(user_id: int) -> ResponseReturnValue:
    with reading() as session:
        row = _own(session, user_id)
    form = Form()
    if form.validate_on_submit():
        with form.refusals():
            with writing(submit_ctx()) as tx:
                remove_member(tx, user_id)
            flash(say("%(who)s can't sign in any more.", who=row.email), "good")
            return redirect(url_for("customer.family"), 303)
    return page("customer/family_remove.html", form=form, member=row), 422 if form.is_submitted() else 200


def _own(session: Session, user_id: int) -> User:
    row = session.get(User, user_id)
    if row is None or row.customer_id != current_customer_id() or not row.family or row.disabled:
        raise NotFound("login", user_id)
    return row
