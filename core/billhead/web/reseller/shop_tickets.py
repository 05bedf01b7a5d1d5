"""Support in the reseller's own shop: what its customers have written, the answers, and whom they can write to."""

from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session
from wtforms import BooleanField, HiddenField, IntegerField, SelectField, StringField
from wtforms.validators import InputRequired, Length, NumberRange

from billhead.actions.shops.answer_shop_ticket import answer_shop_ticket
from billhead.actions.shops.close_shop_ticket import close_shop_ticket
from billhead.actions.shops.save_shop_department import save_shop_department
from billhead.actions.support._seen import file_of_ticket, may_read, ticket_for
from billhead.actions.support.answer_ticket import AFTERWARDS
from billhead.actions.support.save_department import DepartmentEntry
from billhead.db import reading, writing
from billhead.domain.errors import NotFound
from billhead.domain.seeking import sought
from billhead.domain.support import State
from billhead.domain.whole_number import whole_number
from billhead.models.documents import Document
from billhead.models.people import Customer
from billhead.models.subscriptions import Service
from billhead.models.support import BillDispute, Department, Ticket, TicketMessage
from billhead.plugin import allow
from billhead.web.customer.tickets import files_of, text_area
from billhead.web.downloads import strangers_file
from billhead.web.forms import Form, stripped
from billhead.web.paging import page_of
from billhead.web.request_context import current_ctx, submit_ctx
from billhead.web.reseller.area import own_id, reseller
from billhead.web.reseller.shop import own_shop, shop_page
from billhead.web.sent_files import files_field, sent_files
from billhead.web.speaking import later, say

__all__: list[str] = []

_PAGE = 50
_AFTERWARDS = {
    "answered": later("Send it"),
    "waiting": later("Send it, and wait for an answer"),
    "closed": later("Send it, and close the ticket"),
    "note": later("Keep it as a note: your customer does not see it"),
}


class AnswerForm(Form):
    text = text_area(later("Your answer"), 8)
    files = files_field()
    afterwards = SelectField(later("Then"), choices=_AFTERWARDS, default="answered")
    seen = HiddenField()


class DepartmentForm(Form):
    name = StringField(
        later("Name"), filters=[stripped], validators=[InputRequired(later("It needs a name.")), Length(max=60)]
    )
    position = IntegerField(
        later("Sort number"),
        default=10,
        validators=[InputRequired(later("Write a number.")), NumberRange(0, 999)],
        description=later("Those with a smaller number come first."),
    )
    retired = BooleanField(later("It takes no new tickets"))


@reseller.get("/shop/tickets")
@allow("reseller", "super_reseller")
def shop_tickets() -> ResponseReturnValue:
    with reading() as session:
        own = own_shop(session)
        departments = session.scalars(_departments(own.reseller.id)).all()
        query = (
            select(Ticket.id, Ticket.last_message_id, Ticket.subject, Ticket.state, Ticket.opened_at, Customer.name)
            .join(Customer, Customer.id == Ticket.customer_id)
            .where(Ticket.department_id.in_([one.id for one in departments]))
        )
        if request.args.get("state") == "open":
            query = query.where(Ticket.state == State.OPEN.value)
        if typed := request.args.get("q", "").strip()[:200]:
            query = query.where(_about(typed))
        rows = page_of(session, query, Ticket.last_message_id, whole_rows=True)
        return shop_page(session, "shop_tickets", own, rows=rows, departments=departments, typed=typed)


def _about(typed: str) -> ColumnElement[bool]:
    """By its number, or a part of what it is about, of the customer's name or of the address."""
    parts = [one.icontains(typed, autoescape=True) for one in (Ticket.subject, Customer.email)]
    if words := sought(typed):
        parts.append(Customer.sought_name.contains(words, autoescape=True))
    if (number := whole_number(typed, 9)) is not None:
        parts.append(Ticket.id == number)
    return or_(*parts)


@reseller.route("/shop/tickets/<int:ticket_id>", methods=["GET", "POST"])
@allow("reseller", "super_reseller")
def shop_ticket(ticket_id: int) -> ResponseReturnValue:
    form = AnswerForm()
    if form.validate_on_submit():
        text, then = form.text.data or "", form.afterwards.data
        seen = whole_number(form.seen.data or "") or 0
        with form.refusals():
            with writing(submit_ctx()) as tx:
                answer_shop_ticket(tx, own_id(), ticket_id, text, then, sent_files(), seen=seen)
            flash(say("Sent.") if AFTERWARDS[then] is not None else say("Kept."), "good")
            return redirect(url_for("reseller.shop_ticket", ticket_id=ticket_id), 303)
    with reading() as session:
        own = own_shop(session)
        row = ticket_for(session, current_ctx(), ticket_id)
        form.seen.data = str(row.last_message_id)  # the next try is an answer to what came meanwhile
        shown = shop_page(session, "shop_ticket", own, form=form, ticket=row, **_told(session, row))
    return shown, 422 if form.is_submitted() else 200


def _told(session: Session, row: Ticket) -> dict[str, object]:
    said = select(TicketMessage).where(
        TicketMessage.ticket_id == row.id, TicketMessage.kind != "event", may_read(session, current_ctx())
    )
    messages = page_of(session, said, TicketMessage.id, size=_PAGE)
    return {
        "messages": messages,
        "files": files_of(session, [one.id for one in messages.items]),
        "customer": session.get_one(Customer, row.customer_id),
        "department": session.get_one(Department, row.department_id),
        "service": session.get(Service, row.service_id) if row.service_id else None,
        "document": session.get(Document, row.document_id) if row.document_id else None,
        "disputes": session.scalars(select(BillDispute).where(BillDispute.ticket_id == row.id).limit(20)).all(),
    }


@reseller.post("/shop/tickets/<int:ticket_id>/close")
@allow("reseller", "super_reseller")
def close_ticket_of_shop(ticket_id: int) -> ResponseReturnValue:
    with writing(submit_ctx()) as tx:
        close_shop_ticket(tx, own_id(), ticket_id)
    flash(say("Closed. Your customer opens it again by writing."), "good")
    return redirect(url_for("reseller.shop_ticket", ticket_id=ticket_id), 303)


@reseller.get("/shop/tickets/files/<int:file_id>")
@allow("reseller", "super_reseller")
def shop_ticket_file(file_id: int) -> Response:
    with reading() as session:
        return strangers_file(file_of_ticket(session, current_ctx(), file_id))


@reseller.route("/shop/departments/new", methods=["GET", "POST"], defaults={"department_id": None})
@reseller.route("/shop/departments/<int:department_id>", methods=["GET", "POST"])
@allow("reseller", "super_reseller")
def shop_department(department_id: int | None) -> ResponseReturnValue:
    with reading() as session:
        own = own_shop(session)
        mine = _departments(own.reseller.id).where(Department.id == department_id)
        row = session.scalar(mine) if department_id is not None else None
    if row is None and department_id is not None:
        raise NotFound("department", department_id)
    form = DepartmentForm(obj=row)
    if form.validate_on_submit():
        entry = DepartmentEntry(form.name.data or "", position=form.position.data or 0, retired=bool(form.retired.data))
        with form.refusals():
            with writing(submit_ctx()) as tx:
                save_shop_department(tx, own_id(), entry, department_id)
            flash(say("Saved."), "good")
            return redirect(url_for("reseller.shop_tickets"), 303)
    with reading() as session:
        shown = shop_page(session, "shop_department", own, form=form, row=row)
    return shown, 422 if form.is_submitted() else 200


def _departments(reseller_id: int) -> Select[Department]:
    mine = select(Department).where(Department.reseller_id == reseller_id)
    return mine.order_by(Department.position, Department.name)
