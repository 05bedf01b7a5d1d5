"""Departments of support, and answers that are prepared."""

from dataclasses import asdict
from typing import Any

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import BooleanField, IntegerField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange

from billhead.actions.support._rules import SupportRules, rules_of
from billhead.actions.support.save_department import DepartmentEntry, save_department
from billhead.actions.support.save_reply import ReplyEntry, save_reply
from billhead.actions.support.save_rules import save_rules
from billhead.db import reading, writing
from billhead.domain.context import Role
from billhead.models.people import User
from billhead.models.sellers import Seller
from billhead.models.support import CannedReply, Department
from billhead.plugin import allow
from billhead.web.admin.area import admin, found, own_seller_id
from billhead.web.admin.columns import Column as ListColumn
from billhead.web.admin.columns import badge, language, number, text
from billhead.web.admin.listing import Choice, Listing
from billhead.web.forms import Form, stripped
from billhead.web.pages import page
from billhead.web.places import language_name
from billhead.web.request_context import submit_ctx
from billhead.web.speaking import later, marked, say
from billhead.wording import LANGUAGES, wording

__all__ = ["DEPARTMENTS", "REPLIES"]

DEPARTMENTS = Listing(
    name="departments",
    title=marked("Departments"),
    lead=marked("Whom customers write to, and who of staff reads it."),
    query=select(
        Department.id, Department.name, Department.mail, Department.staff_ids, Department.position, Department.retired
    ).where(Department.reseller_id.is_(None)),
    key=Department.id,
    columns=(
        text(marked("Name"), "name", to="department"),
        text(marked("Mail"), "mail"),
        ListColumn(
            marked("Seen by"),
            lambda row: len(row.staff_ids) or "all",
            lambda row: len(row.staff_ids) or say("all of staff"),
        ),
        number(marked("Place"), "position"),
        ListColumn(
            marked("Takes tickets"),
            lambda row: "no" if row.retired else "yes",
            lambda row: badge("retired") if row.retired else badge("ok", marked("yes")),
        ),
    ),
    empty=marked("Make one, and customers can write to you from their area."),
)


class DepartmentForm(Form):
    name = StringField(
        later("Name"), filters=[stripped], validators=[DataRequired(later("It needs a name.")), Length(max=60)]
    )
    mail = StringField(
        later("Mail address"),
        filters=[stripped],
        validators=[Length(max=200)],
        description=later("Answers ask to be answered here. Empty: customers answer in their area."),
    )
    staff_ids = SelectMultipleField(
        later("Who sees its tickets"), coerce=int, description=later("Nobody chosen: all of staff.")
    )
    position = IntegerField(later("Place in the list"), default=0, validators=[NumberRange(0, 1000)])
    retired = BooleanField(later("It takes no new tickets"))


@admin.get("/departments")
@allow("staff")
def departments() -> ResponseReturnValue:
    return DEPARTMENTS.answer(
        add=url_for("admin.new_department"), add_label=say("Make a department"), add_needs="sellers.write"
    )


@admin.route("/departments/new", methods=["GET", "POST"])
@allow("staff", permission="sellers.write")
def new_department() -> ResponseReturnValue:
    return _department(None)


@admin.route("/departments/<int:key>", methods=["GET", "POST"])
@allow("staff", permission="sellers.write")
def department(key: int) -> ResponseReturnValue:
    with reading() as session:
        return _department(found(session, Department, key, "department"))


def _department(row: Department | None) -> ResponseReturnValue:
    form = DepartmentForm(obj=row)
    with reading() as session:
        staff = select(User.id, User.email).where(User.role == Role.STAFF.value).order_by(User.email).limit(300)
        form.staff_ids.choices = [(key, email) for key, email in session.execute(staff)]
    if form.validate_on_submit():
        entry = DepartmentEntry(
            form.name.data or "", form.mail.data or "", form.staff_ids.data or (), form.position.data or 0,
            bool(form.retired.data),
        )  # fmt: skip
        with form.refusals():
            with writing(submit_ctx()) as tx:
                key = save_department(tx, _seller_of(row), entry, row.id if row is not None else None)
            flash(say("%(name)s is saved.", name=entry.name), "good")
            return redirect(url_for("admin.department", key=key), 303)
    return page("admin/department.html", form=form, row=row), 422 if form.is_submitted() else 200


def _seller_of(row: Any) -> int:
    return row.seller_id if row is not None else own_seller_id()


REPLIES = Listing(
    name="prepared-answers",
    title=marked("Prepared answers"),
    lead=marked("What is answered often, once per language; a ticket offers those in its customer's language."),
    query=select(
        CannedReply.id, CannedReply.name, CannedReply.language, Department.name.label("department"), CannedReply.body
    ).outerjoin(Department, Department.id == CannedReply.department_id),
    key=CannedReply.id,
    columns=(
        text(marked("Name"), "name", to="prepared_answer"),
        language(marked("Language"), "language"),
        text(marked("Department"), "department"),
        text(marked("Text"), "body", css="clip"),
    ),
    choices=(Choice("language", marked("Language"), CannedReply.language, LANGUAGES, language_name),),
    search=lambda typed: CannedReply.name.icontains(typed, autoescape=True),
    search_label=marked("Name"),
    empty=marked("Write one, and it can be chosen in every ticket."),
)


class ReplyForm(Form):
    name = StringField(
        later("Name"), filters=[stripped], validators=[DataRequired(later("It needs a name.")), Length(max=100)]
    )
    language = SelectField(later("Language"), choices=lambda: [(code, wording(code).own_name) for code in LANGUAGES])
    department = SelectField(later("Department"), coerce=int)
    body = TextAreaField(
        later("Text"),
        filters=[stripped],
        validators=[DataRequired(later("Write it."))],
        description=later("With {name}, {seller}, {ticket}, {subject}, {line}, {invoice} where the ticket's own go."),
        render_kw={"rows": 10},
    )


@admin.get("/prepared-answers")
@allow("staff")
def prepared_answers() -> ResponseReturnValue:
    return REPLIES.answer(
        add=url_for("admin.new_prepared_answer"), add_label=say("Write one"), add_needs="tickets.write"
    )


@admin.route("/prepared-answers/new", methods=["GET", "POST"])
@allow("staff", permission="tickets.write")
def new_prepared_answer() -> ResponseReturnValue:
    return _reply(None)


@admin.route("/prepared-answers/<int:key>", methods=["GET", "POST"])
@allow("staff", permission="tickets.write")
def prepared_answer(key: int) -> ResponseReturnValue:
    with reading() as session:
        return _reply(found(session, CannedReply, key, "prepared answer"))


def _reply(row: CannedReply | None) -> ResponseReturnValue:
    form = ReplyForm(obj=row, department=(row.department_id or 0) if row is not None else 0)
    with reading() as session:
        form.department.choices = _choices(session, _seller_of(row))
    if form.validate_on_submit():
        entry = ReplyEntry(form.name.data or "", form.language.data, form.body.data or "", form.department.data or None)
        with form.refusals():
            with writing(submit_ctx()) as tx:
                save_reply(tx, _seller_of(row), entry, row.id if row is not None else None)
            flash(say("%(name)s is saved.", name=entry.name), "good")
            return redirect(url_for("admin.prepared_answers"), 303)
    back = url_for("admin.prepared_answers")
    shown = {"title": say("A prepared answer"), "back": back, "section": "prepared_answers", "lead": ""}
    return page("admin/entry.html", form=form, **shown), 422 if form.is_submitted() else 200


def _choices(session: Session, seller_id: int) -> list[tuple[int, str]]:
    rows = select(Department.id, Department.name).where(Department.seller_id == seller_id).order_by(Department.name)
    return [(0, say("all of them")), *((key, name) for key, name in session.execute(rows))]


class RulesForm(Form):
    waits_days = IntegerField(
        later("Days that dunning waits for a disputed invoice"), validators=[InputRequired(), NumberRange(0, 365)],
        description=later("Counted from its first dispute; 0: it does not wait."),
    )  # fmt: skip
    dispute_days = IntegerField(
        later("Days after its issue on which a line can be disputed"),
        validators=[InputRequired(), NumberRange(0, 3650)],
    )
    tickets_a_day = IntegerField(
        later("Tickets of one customer a day"), validators=[InputRequired(), NumberRange(1, 1000)]
    )
    messages_an_hour = IntegerField(
        later("Messages of one an hour"), validators=[InputRequired(), NumberRange(1, 1000)]
    )


@admin.route("/support-rules", methods=["GET", "POST"])
@allow("staff", permission="sellers.write")
def support_rules() -> ResponseReturnValue:
    with reading() as session:
        rules = rules_of(found(session, Seller, own_seller_id(), "seller").support)
    form = RulesForm(data=asdict(rules))
    if form.validate_on_submit():
        with form.refusals():
            with writing(submit_ctx()) as tx:
                save_rules(tx, own_seller_id(), SupportRules(**{name: form[name].data for name in asdict(rules)}))
            flash(say("Saved. It holds for disputes from now on."), "good")
            return redirect(url_for("admin.support_rules"), 303)
    shown = {"title": say("Rules of support"), "back": url_for("admin.tickets"), "section": "support_rules", "lead": ""}
    return page("admin/entry.html", form=form, **shown), 422 if form.is_submitted() else 200
