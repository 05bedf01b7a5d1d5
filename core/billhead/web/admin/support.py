"""The queue of tickets, one ticket with its answers, and what staff do with it."""

from dataclasses import replace
from typing import Any

from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, case, func, or_, select
from sqlalchemy.orm import Session
from wtforms import HiddenField, IntegerField, SelectField
from wtforms.validators import InputRequired

from billhead.actions.support._canned import filled, replies_for
from billhead.actions.support._seen import (
    departments_for,
    file_of_ticket,
    may_read,
    may_see,
    seen_tickets,
    ticket_for,
)
from billhead.actions.support.answer_ticket import AFTERWARDS, answer_ticket
from billhead.actions.support.close_ticket import close_ticket
from billhead.actions.support.merge_tickets import merge_tickets
from billhead.actions.support.sort_ticket import sort_ticket
from billhead.db import reading, writing
from billhead.domain.context import Context, Role
from billhead.domain.errors import BillheadError
from billhead.domain.support import PRIORITIES, State
from billhead.domain.whole_number import whole_number
from billhead.models.documents import Document
from billhead.models.people import Customer, User
from billhead.models.subscriptions import Service, Subscription
from billhead.models.support import BillDispute, CannedReply, Department, SupportMail, Ticket, TicketMessage
from billhead.plugin import allow
from billhead.web.admin.area import admin, trail_of
from billhead.web.admin.asking import Question, ReasonForm, asked
from billhead.web.admin.columns import instant, state, text
from billhead.web.admin.listing import Choice, Listing
from billhead.web.admin.standing import standing_of
from billhead.web.customer.tickets import files_of, text_area
from billhead.web.downloads import strangers_file
from billhead.web.errors import refusal
from billhead.web.forms import Form
from billhead.web.pages import page
from billhead.web.paging import page_of
from billhead.web.request_context import current_ctx, submit_ctx
from billhead.web.sent_files import files_field, sent_files
from billhead.web.speaking import later, marked, say, say_count

__all__ = ["QUEUE"]

_PAGE = 50
_AFTERWARDS = {
    "answered": later("Send it: answered"),
    "waiting": later("Send it: the customer has to answer"),
    "closed": later("Send it and close the ticket"),
    "note": later("Keep it as a note for colleagues"),
}


def _matching(typed: str) -> ColumnElement[bool]:
    about = or_(Ticket.subject.icontains(typed, autoescape=True), Customer.name.icontains(typed, autoescape=True))
    found = or_(about, Customer.email == typed.lower())
    number = whole_number(typed.removeprefix("#"))
    return or_(found, Ticket.id == number) if number is not None else found


QUEUE = Listing(
    name="tickets",
    title=marked("Tickets"),
    query=select(
        Ticket.id,
        Ticket.last_message_id,
        Ticket.subject,
        Ticket.customer_id,
        Customer.name.label("customer"),
        Department.name.label("department"),
        Ticket.state,
        Ticket.priority,
        User.email.label("assignee"),
        TicketMessage.at.label("written_at"),
        Ticket.opened_at,
        Ticket.first_answer_at,
    )
    .join(Customer, Customer.id == Ticket.customer_id)
    .join(Department, Department.id == Ticket.department_id)
    .outerjoin(User, User.id == Ticket.assignee_id)
    .outerjoin(TicketMessage, TicketMessage.id == Ticket.last_message_id),
    key=Ticket.last_message_id,
    columns=(
        text(marked("No."), "id", to="ticket"),
        text(marked("Subject"), "subject", to="ticket", css="clip"),
        text(marked("Customer"), "customer", to="customer", key="customer_id"),
        text(marked("Department"), "department"),
        state(marked("State"), "state"),
        state(marked("Priority"), "priority"),
        text(marked("Looked after by"), "assignee"),
        instant(marked("Last written"), "written_at"),
        instant(marked("Opened"), "opened_at"),
    ),
    choices=(
        Choice("state", marked("State"), Ticket.state, tuple(one.value for one in State)),
        Choice("priority", marked("Priority"), Ticket.priority, PRIORITIES),
    ),
    search=_matching,
    search_label=marked("Subject, number, customer's name or e-mail"),
    narrow={
        "customer": Ticket.customer_id,
        "department": Ticket.department_id,
        "assignee": Ticket.assignee_id,
        "unassigned": lambda _: Ticket.assignee_id.is_(None),
    },
    empty=marked(
        "Customers write from their area, or to a department's mail address. Make a department first, if there is none."
    ),
)


@admin.get("/tickets")
@allow("staff")
def tickets() -> ResponseReturnValue:
    with reading() as session:
        departments = departments_for(session, current_ctx())
        tabs = _tabs(session, departments)
    seen = QUEUE.query.where(Ticket.department_id.in_([one.id for one in departments]))
    more = {"add": url_for("admin.choose_whom"), "add_label": say("Write to a customer"), "add_needs": "tickets.write"}
    return replace(QUEUE, query=seen).answer(tabs=tabs, **more)


def _tabs(session: Session, departments: list[Department]) -> list[tuple[str, int, str]]:
    """(label, open tickets, address): all of it one statement."""
    me = current_ctx().user_id
    rows = session.execute(
        select(
            Ticket.department_id,
            func.count(),
            func.coalesce(func.sum(case((Ticket.assignee_id == me, 1), else_=0)), 0),
            func.coalesce(func.sum(case((Ticket.assignee_id.is_(None), 1), else_=0)), 0),
        )
        .where(Ticket.state == State.OPEN.value, Ticket.department_id.in_([one.id for one in departments]))
        .group_by(Ticket.department_id)
    ).all()
    of = {key: count for key, count, _, _ in rows}

    def to(**narrowed: Any) -> str:
        return url_for("admin.tickets", state="open", **narrowed)

    tabs = [
        (say("Open"), sum(of.values()), to()),
        (say("Mine"), sum(row[2] for row in rows), to(assignee=me)),
        (say("Nobody’s"), sum(row[3] for row in rows), to(unassigned=1)),
    ]
    if len(departments) > 1:
        tabs += [(one.name, of.get(one.id, 0), to(department=one.id)) for one in departments]
    return tabs


class AnswerForm(Form):
    text = text_area(later("Answer, or note"), 9)
    files = files_field()
    afterwards = SelectField(later("Then"), choices=_AFTERWARDS, default="answered")
    seen = HiddenField()


class SortForm(Form):
    department = SelectField(later("Department"), coerce=int)
    priority = SelectField(later("Priority"), choices={one: later(one) for one in PRIORITIES})
    assignee = SelectField(later("Looked after by"), coerce=int)


@admin.get("/tickets/<int:key>")
@allow("staff")
def ticket(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = ticket_for(session, current_ctx(), key)
        prepared = request.args.get("reply", type=int)
        reply = next((one for one in _replies(session, row) if one.id == prepared), None)
        form = AnswerForm(text=filled(session, reply.body, row) if reply is not None else "")
    return _shown(key, form)


@admin.post("/tickets/<int:key>")
@allow("staff", permission="tickets.write")
def answer_one_ticket(key: int) -> ResponseReturnValue:
    form = AnswerForm()
    if form.validate_on_submit():
        with form.refusals():
            seen = form.seen.data or ""
            shown = whole_number(seen) or 0
            with writing(submit_ctx()) as tx:
                answer_ticket(tx, key, form.text.data or "", form.afterwards.data, sent_files(), seen=shown)
            flash(say("Kept for colleagues.") if AFTERWARDS[form.afterwards.data] is None else say("Sent."), "good")
            return redirect(url_for("admin.ticket", key=key), 303)
    return _shown(key, form)


def _shown(key: int, form: AnswerForm) -> ResponseReturnValue:
    """Read anew, so that what came meanwhile is seen, and the next try is an answer to that."""
    with reading() as session:
        row = ticket_for(session, current_ctx(), key)
        form.seen.data = str(row.last_message_id)
        said = select(TicketMessage).where(TicketMessage.ticket_id == key, may_read(session, current_ctx()))
        messages = page_of(session, said, TicketMessage.id, size=_PAGE)
        customer = session.get_one(Customer, row.customer_id)
        service = session.get(Service, row.service_id) if row.service_id else None
        about = session.get_one(Subscription, service.subscription_id) if service is not None else None
        shown = {
            "messages": messages,
            "files": files_of(session, [one.id for one in messages.items]),
            "customer": customer,
            "standing": standing_of(session, customer, about),
            "department": session.get_one(Department, row.department_id),
            "service": service,
            "document": session.get(Document, row.document_id) if row.document_id else None,
            "replies": _replies(session, row),
            "mails": session.scalars(
                select(SupportMail).where(SupportMail.ticket_id == key, SupportMail.state == "waiting").limit(20)
            ).all(),
            "disputes": session.execute(
                select(BillDispute, Document)
                .join(Document, Document.id == BillDispute.document_id)
                .where(BillDispute.ticket_id == key)
                .limit(20)
            ).all(),
            "sorting": _sort_form(session, row),
            "trail": trail_of(session, f"ticket:{key}"),
        }
    return page("admin/ticket.html", ticket=row, form=form, **shown), 422 if form.is_submitted() else 200


def _replies(session: Session, row: Ticket) -> list[CannedReply]:
    return replies_for(session, session.get_one(Customer, row.customer_id), row.department_id)


def _sort_form(session: Session, row: Ticket) -> SortForm:
    form = SortForm(
        formdata=request.form if request.endpoint == "admin.sort_one_ticket" else None,
        data={"department": row.department_id, "priority": row.priority, "assignee": row.assignee_id or 0},
    )
    theirs = session.scalars(
        select(Department).where(Department.seller_id == row.seller_id).order_by(Department.position, Department.name)
    ).all()
    form.department.choices = [(one.id, one.name) for one in theirs]
    staff = session.execute(
        select(User.id, User.email)
        .where(User.role == Role.STAFF.value, User.disabled.is_(False))
        .order_by(User.email)
        .limit(300)
    )
    form.assignee.choices = [(0, say("nobody")), *((key, email) for key, email in staff)]
    return form


@admin.post("/tickets/<int:key>/sort")
@allow("staff", permission="tickets.write")
def sort_one_ticket(key: int) -> ResponseReturnValue:
    with reading() as session:
        form = _sort_form(session, ticket_for(session, current_ctx(), key))
    if form.validate_on_submit():
        try:
            with writing(submit_ctx()) as tx:
                sort_ticket(tx, key, form.department.data, form.priority.data, form.assignee.data or None)
        except BillheadError as refused:
            flash(refusal(refused)[0], "bad")
    else:
        flash(say("Choose what is on the list."), "bad")
    with reading() as session:
        department = session.get_one(Department, session.get_one(Ticket, key).department_id)
    mine = may_see(department, current_ctx())
    return redirect(url_for("admin.ticket", key=key) if mine else url_for("admin.tickets"), 303)


@admin.post("/tickets/<int:key>/close")
@allow("staff", permission="tickets.write")
def close_one_ticket(key: int) -> ResponseReturnValue:
    with writing(submit_ctx()) as tx:
        close_ticket(tx, key)
    flash(say("Closed; the customer opens it again by writing."), "good")
    return redirect(url_for("admin.ticket", key=key), 303)


class MergeForm(ReasonForm):
    into = IntegerField(later("Into ticket no."), validators=[InputRequired(later("Which one goes on?"))])


@admin.route("/tickets/<int:key>/merge", methods=["GET", "POST"])
@allow("staff", permission="tickets.write")
def merge_ticket(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = ticket_for(session, current_ctx(), key)
        count = session.scalars(select(func.count()).where(TicketMessage.ticket_id == key)).one()
        into = select(Ticket.id).where(
            Ticket.customer_id == row.customer_id, Ticket.id != key, Ticket.merged_into_id.is_(None),
            seen_tickets(session, current_ctx()),
        )  # fmt: skip
        other = session.scalar(into.order_by(Ticket.last_message_id.desc()).limit(1))

    def act(ctx: Context, form: Any) -> str:
        with writing(ctx) as tx:
            done = merge_tickets(tx, key, form.into.data)
        return say_count(
            "%(count)s message is in ticket %(number)s now.",
            "%(count)s messages are in ticket %(number)s now.",
            done.moved,
            number=done.ticket_id,
        )

    question = Question(
        say("Merge ticket %(key)s into another one", key=key),
        say_count(
            "%(count)s message moves into the other ticket of this customer, and this one is closed. Nothing takes "
            "them apart again.",
            "All %(count)s messages move into the other ticket of this customer, and this one is closed. Nothing takes "
            "them apart again.",
            count,
        ),
        say("Merge them"),
        url_for("admin.ticket", key=key),
    )
    return asked(question, MergeForm(into=other), act)


@admin.get("/tickets/files/<int:file_id>")
@allow("staff")
def support_file(file_id: int) -> Response:
    with reading() as session:
        return strangers_file(file_of_ticket(session, current_ctx(), file_id))
