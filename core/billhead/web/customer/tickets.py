"""The customer's tickets: all of them, a new one, one with its answers, and its files."""

from typing import Any

from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from billhead.actions.support._answers import answers
from billhead.actions.support._rules import LONGEST_TEXT
from billhead.actions.support._seen import CUSTOMERS_READ, file_of_ticket, ticket_for
from billhead.actions.support.close_ticket import close_ticket
from billhead.actions.support.open_ticket import NewTicket, open_ticket
from billhead.actions.support.reply_to_ticket import reply_to_ticket
from billhead.db import reading, writing
from billhead.domain.rights import BUYERS
from billhead.models.documents import Document, DocumentLine
from billhead.models.people import Customer
from billhead.models.subscriptions import Service, Subscription
from billhead.models.support import BillDispute, Department, Ticket, TicketFile, TicketMessage
from billhead.plugin import allow
from billhead.web.customer.blueprint import customer
from billhead.web.downloads import strangers_file
from billhead.web.forms import Form, stripped
from billhead.web.own_words import own_word
from billhead.web.pages import page
from billhead.web.paging import page_of
from billhead.web.request_context import current_ctx, current_customer_id, current_face, submit_ctx
from billhead.web.sent_files import files_field, sent_files
from billhead.web.speaking import later, say

__all__ = ["TEXT_CHECKS", "departments_of", "files_of", "text_area"]

TEXT_CHECKS = [DataRequired(later("Write something.")), Length(max=LONGEST_TEXT)]
_PAGE = 50


def text_area(label: str, rows: int = 8) -> TextAreaField:
    return TextAreaField(label, filters=[stripped], validators=TEXT_CHECKS, render_kw={"rows": rows})


class NewTicketForm(Form):
    department = SelectField(later("To"), coerce=int)
    subject = StringField(
        later("Subject"),
        filters=[stripped],
        validators=[DataRequired(later("In a few words: what is it about?")), Length(max=150)],
        render_kw={"autocomplete": "off", "maxlength": 150, "data-suggest": "/help/suggest"},
    )
    about = SelectField(later("About"), choices={})
    text = text_area(later("What happened?"))
    files = files_field()


class ReplyForm(Form):
    text = text_area(later("Your answer"), 6)
    files = files_field()


@customer.get("/tickets")
@allow(*BUYERS, permission="own.support")
def tickets() -> ResponseReturnValue:
    mine = select(Ticket).where(Ticket.customer_id == current_customer_id(), Ticket.merged_into_id.is_(None))
    with reading() as session:
        rows = page_of(session, mine, Ticket.last_message_id)
        me = session.get_one(Customer, current_customer_id())
        answered = answers(session, current_face())
    return page("customer/tickets.html", rows=rows, zone=me.zone, answered=answered)


@customer.route("/tickets/new", methods=["GET", "POST"])
@allow(*BUYERS, permission="own.support")
def new_ticket() -> ResponseReturnValue:
    form = NewTicketForm(formdata=request.form or None, about=request.args.get("about", ""))
    with reading() as session:
        form.department.choices = departments_of(session, current_face())
        form.about.choices = {"": say("nothing of these"), **_things(session)}
    if not form.department.choices:
        return page("customer/no_support.html")
    if form.validate_on_submit():
        with form.refusals():
            with writing(submit_ctx()) as tx:
                opened = open_ticket(tx, current_customer_id(), _wanted(form))
            flash(say("Thank you. We answer as soon as we can, and send you a mail."), "good")
            return redirect(url_for("customer.ticket", ticket_id=opened.ticket_id), 303)
    return page("customer/new_ticket.html", form=form), 422 if form.is_submitted() else 200


def _wanted(form: NewTicketForm) -> NewTicket:
    kind, _, key = (form.about.data or "").partition("-")
    about: dict[str, Any] = {f"{kind}_id": int(key)} if key else {}
    return NewTicket(form.department.data, form.subject.data or "", form.text.data or "", tuple(sent_files()), **about)


def departments_of(session: Session, seller_id: int) -> list[tuple[int, str]]:
    rows = session.execute(
        select(Department.id, Department.name)
        .where(Department.seller_id == seller_id, Department.retired.is_(False))
        .order_by(Department.position, Department.name)
    )
    return [(key, own_word(name)) for key, name in rows]


def _things(session: Session) -> dict[str, str]:
    """What a ticket may be about, as far as this login sees it."""
    found: dict[str, str] = {}
    if current_ctx().may("own.lines"):
        lines = select(Service.id, Service.mac, Service.login).join(Subscription)
        lines = lines.where(Subscription.customer_id == current_customer_id(), Service.lifecycle == "wanted")
        for key, mac, login in session.execute(lines.order_by(Service.id.desc()).limit(100)):
            found[f"service-{key}"] = say("Line %(name)s", name=mac or login)
    if current_ctx().may("own.invoices"):
        papers = select(Document.id, Document.number_text, Document.kind)
        theirs = Document.customer_id == current_customer_id(), Document.seller_id == current_face()
        papers = papers.where(*theirs, Document.state != "draft")
        for key, number, kind in session.execute(papers.order_by(Document.id.desc()).limit(100)):
            found[f"document-{key}"] = f"{say(kind.replace('_', ' ').capitalize())} {number or key}"
    return found


@customer.route("/tickets/<int:ticket_id>", methods=["GET", "POST"])
@allow(*BUYERS, permission="own.support")
def ticket(ticket_id: int) -> ResponseReturnValue:
    with reading() as session:
        row = ticket_for(session, current_ctx(), ticket_id)
    if row.merged_into_id is not None:
        return redirect(url_for("customer.ticket", ticket_id=row.merged_into_id), 303)
    form = ReplyForm()
    if form.validate_on_submit():
        with form.refusals():
            with writing(submit_ctx()) as tx:
                reply_to_ticket(tx, ticket_id, form.text.data or "", sent_files())
            flash(say("Sent."), "good")
            return redirect(url_for("customer.ticket", ticket_id=ticket_id), 303)
    return _shown(row, form)


def _shown(row: Ticket, form: ReplyForm) -> ResponseReturnValue:
    said = select(TicketMessage).where(TicketMessage.ticket_id == row.id, TicketMessage.kind.in_(CUSTOMERS_READ))
    with reading() as session:
        messages = page_of(session, said, TicketMessage.id, size=_PAGE)
        files = files_of(session, [one.id for one in messages.items])
        department = session.get_one(Department, row.department_id)
        service = session.get(Service, row.service_id) if row.service_id else None
        document = session.get(Document, row.document_id) if row.document_id else None
        zone = session.get_one(Customer, row.customer_id).zone
        worth = DocumentLine.net_minor + DocumentLine.tax_minor
        mine = select(BillDispute, worth).join(DocumentLine, DocumentLine.id == BillDispute.line_id)
        disputes = session.execute(mine.where(BillDispute.ticket_id == row.id).limit(20)).all()
    shown = {
        "disputes": disputes,
        "messages": messages,
        "files": files,
        "department": department,
        "service": service,
        "document": document,
    }
    status = 422 if form.is_submitted() else 200
    return page("customer/ticket.html", ticket=row, form=form, zone=zone, **shown), status


def files_of(session: Session, message_ids: list[int]) -> dict[int, list[TicketFile]]:
    """By message, without their content."""
    found: dict[int, list[TicketFile]] = {}
    rows = select(TicketFile).where(TicketFile.message_id.in_(message_ids)).order_by(TicketFile.id)
    for row in session.scalars(rows):
        found.setdefault(row.message_id or 0, []).append(row)
    return found


@customer.post("/tickets/<int:ticket_id>/close")
@allow(*BUYERS, permission="own.support")
def close_own_ticket(ticket_id: int) -> ResponseReturnValue:
    with writing(submit_ctx()) as tx:
        close_ticket(tx, ticket_id)
    flash(say("Closed. Write in it, and it is open again."), "good")
    return redirect(url_for("customer.ticket", ticket_id=ticket_id), 303)


@customer.get("/tickets/files/<int:file_id>")
@allow(*BUYERS, permission="own.support")
def ticket_file(file_id: int) -> Response:
    with reading() as session:
        return strangers_file(file_of_ticket(session, current_ctx(), file_id))
