"""Keys with which programs of the operator ask /api/staff/v1: each acts for who made it, and is shown once."""

from flask import flash, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from wtforms import DateField, SelectMultipleField, StringField
from wtforms.validators import DataRequired, Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from billhead import clock
from billhead.actions.staff.create_key import create_key
from billhead.actions.staff.revoke_key import revoke_key
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import NotFound
from billhead.models.people import User
from billhead.models.sign_in import StaffKey
from billhead.plugin import allow
from billhead.web.admin.area import admin, found
from billhead.web.admin.asking import Question, ReasonForm, asked
from billhead.web.admin.known_permissions import in_words, permission_choices
from billhead.web.forms import Form, stripped
from billhead.web.pages import page
from billhead.web.paging import page_of
from billhead.web.request_context import current_ctx
from billhead.web.speaking import later, say

__all__: list[str] = []


class KeyForm(Form):
    name = StringField(
        later("What it is for"), filters=[stripped], validators=[DataRequired(later("Name it.")), Length(max=60)],
        render_kw={"autocomplete": "off"},
    )  # fmt: skip
    permissions = SelectMultipleField(
        later("May do"), choices=permission_choices, widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
        description=later("Without any it reads only. What you may not do any more, it may not either."),
    )  # fmt: skip
    ends_on = DateField(
        later("Ends on"), validators=[Optional()], description=later("Its first day without use; empty: never.")
    )


@admin.get("/keys")
@allow("staff")
def api_keys() -> ResponseReturnValue:
    """One's own; for who sees to the staff, everybody's."""
    ctx = current_ctx()
    query = select(StaffKey, User.email).join(User, User.id == StaffKey.user_id)
    if not ctx.may("staff.write"):
        query = query.where(StaffKey.user_id == ctx.user_id)
    with reading() as session:
        rows = page_of(session, query, StaffKey.id, whole_rows=True)
    return page("admin/api_keys.html", rows=rows, in_words=in_words, today=clock.now().date())


@admin.route("/keys/new", methods=["GET", "POST"])
@allow("staff", permission="keys.write")
def new_api_key() -> ResponseReturnValue:
    """The answer itself shows the key: it has no address, and is nowhere once the page is left."""
    form = KeyForm()
    made = ""
    if form.validate_on_submit():
        with form.refusals(), writing(current_ctx()) as tx:
            made = create_key(tx, form.name.data, form.permissions.data or [], form.ends_on.data).key
    if made:
        flash(say("Write it down now: it is shown this once."), "warn")
    return page("admin/api_key.html", form=form, made=made), 422 if form.is_submitted() and not made else 200


@admin.route("/keys/<int:key>/revoke", methods=["GET", "POST"])
@allow("staff", permission="keys.write")
def end_api_key(key: int) -> ResponseReturnValue:
    ctx = current_ctx()
    with reading() as session:
        row = found(session, StaffKey, key, "key")
        if row.user_id != ctx.user_id and not ctx.may("staff.write"):
            raise NotFound("key", key)

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            revoke_key(tx, key)
        return say("The key %(name)s opens nothing any more.", name=row.name)

    text = say("Programs that use it are refused at once. It can’t be brought back.")
    question = Question(say("Revoke %(name)s?", name=row.name), text, say("Revoke"), url_for("admin.api_keys"))
    return asked(question, ReasonForm(), act)
