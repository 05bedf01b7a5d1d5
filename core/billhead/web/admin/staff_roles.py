"""Roles: named sets of permissions, and whether staff must sign in with a second step."""

from dataclasses import replace
from typing import Any

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from wtforms import SelectMultipleField, StringField
from wtforms.validators import DataRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from billhead.actions.staff.remove_role import remove_role
from billhead.actions.staff.save_role import save_role
from billhead.db import reading, writing
from billhead.domain.context import Context, Role
from billhead.models.people import User
from billhead.models.sellers import Seller
from billhead.models.sign_in import StaffRole
from billhead.plugin import allow
from billhead.web.admin.area import admin, found, own_seller_id, trail_of
from billhead.web.admin.asking import Question, ReasonForm, asked, reason_field
from billhead.web.admin.known_permissions import in_words, permission_choices
from billhead.web.forms import Form, stripped
from billhead.web.pages import page
from billhead.web.request_context import submit_ctx
from billhead.web.speaking import later, say, say_count

__all__: list[str] = []


class RoleForm(Form):
    name = StringField(
        later("Name"), filters=[stripped], validators=[DataRequired(later("Name the role.")), Length(max=60)]
    )
    about = StringField(later("What it is for"), filters=[stripped], validators=[Length(max=200)])
    permissions = SelectMultipleField(
        later("May do"),
        choices=permission_choices,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    reason = reason_field()


@admin.get("/roles")
@allow("staff", permission="staff.write")
def staff_roles() -> ResponseReturnValue:
    held = (
        select(User.staff_role_id, func.count().label("held"))
        .where(User.role == Role.STAFF.value)
        .group_by(User.staff_role_id)
    )
    with reading() as session:
        rows = session.scalars(select(StaffRole).order_by(StaffRole.id)).all()
        counts = {row.staff_role_id: int(row.held) for row in session.execute(held)}
        seller = found(session, Seller, own_seller_id(), "seller")
    return page("admin/staff_roles.html", rows=rows, counts=counts, seller_row=seller, in_words=in_words)


@admin.route("/roles/new", methods=["GET", "POST"])
@allow("staff", permission="staff.write")
def new_role() -> ResponseReturnValue:
    return _edited(None, RoleForm(), say("A new role"), [])


@admin.route("/roles/<int:key>", methods=["GET", "POST"])
@allow("staff", permission="staff.write")
def staff_role_page(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, StaffRole, key, "role")
        trail = trail_of(session, f"role:{key}")
    return _edited(row, RoleForm(obj=row), say("The role %(name)s", name=row.name), trail)


def _edited(row: StaffRole | None, form: RoleForm, title: str, trail: list[Any]) -> ResponseReturnValue:
    if form.validate_on_submit():
        with form.refusals():
            ctx = replace(submit_ctx(), reason=form.reason.data)
            with writing(ctx) as tx:
                key = row.id if row is not None else None
                save_role(tx, key, form.name.data, form.about.data or "", form.permissions.data or [])
            flash(say("Saved. It holds for everybody with this role, from their next click."), "good")
            return redirect(url_for("admin.staff_roles"), 303)
    status = 422 if form.is_submitted() else 200
    return page("admin/staff_role.html", row=row, form=form, heading=title, trail=trail), status


@admin.route("/roles/<int:key>/remove", methods=["GET", "POST"])
@allow("staff", permission="staff.write")
def remove_one_role(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, StaffRole, key, "role")

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            remove_role(tx, key)
        return say("The role %(name)s is gone.", name=row.name)

    told = say_count(
        "Its %(count)s permission is given by it no more. While somebody has it, it stays.",
        "Its %(count)s permissions are given by it no more. While somebody has it, it stays.",
        len(row.permissions),
    )
    return asked(
        Question(say("Remove the role %(name)s?", name=row.name), told, say("Remove"), url_for("admin.staff_roles")),
        ReasonForm(),
        act,
    )
