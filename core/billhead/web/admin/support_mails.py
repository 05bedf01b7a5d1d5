"""Mail that came in: what became of each, and those that staff decide about; the mailbox of a department."""

from dataclasses import replace
from typing import Any

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from wtforms import IntegerField, SelectField, StringField
from wtforms.validators import Optional

from billhead.actions.support._mailbox import MailboxSettings
from billhead.actions.support._seen import departments_for, may_see
from billhead.actions.support.decide_mail import decide_mail
from billhead.actions.support.save_mailbox import save_mailbox
from billhead.db import reading, writing
from billhead.domain.errors import InvalidInput, NotFound
from billhead.domain.whole_number import whole_number
from billhead.models.people import Customer
from billhead.models.support import Department, SupportMail, TicketFile
from billhead.plugin import allow
from billhead.web.admin.area import admin, found, trail_of
from billhead.web.admin.columns import instant, state, text
from billhead.web.admin.listing import Choice, Listing
from billhead.web.admin.settings import EntryForm, entered, settings_page_form
from billhead.web.forms import Form, stripped
from billhead.web.pages import page
from billhead.web.request_context import current_ctx, submit_ctx
from billhead.web.speaking import later, marked, say

__all__ = ["MAILS"]

MAILS = Listing(
    name="support-mails",
    title=marked("Mail to support"),
    lead=marked("All that came in. What waits is of nobody whom we know: you decide whose it is."),
    query=select(
        SupportMail.id,
        SupportMail.sender,
        SupportMail.subject,
        Department.name.label("department"),
        SupportMail.state,
        SupportMail.why,
        SupportMail.ticket_id,
        SupportMail.received_at,
    ).join(Department, Department.id == SupportMail.department_id),
    key=SupportMail.id,
    columns=(
        text(marked("No."), "id", to="support_mail"),
        text(marked("From"), "sender"),
        text(marked("Subject"), "subject", css="clip"),
        text(marked("Department"), "department"),
        state(marked("State"), "state"),
        text(marked("Why"), "why", css="clip"),
        text(marked("Ticket"), "ticket_id", to="ticket", key="ticket_id"),
        instant(marked("Came"), "received_at"),
    ),
    choices=(
        Choice("state", marked("State"), SupportMail.state, ("waiting", "taken", "ignored", "left_out", "received")),
    ),
    search=lambda typed: SupportMail.sender == typed.lower(),
    search_label=marked("Sender’s address"),
    empty=marked(
        "Give a department a mail address, and let its mailbox be read or its mail be piped: see docs/support.md."
    ),
)


@admin.get("/support-mails")
@allow("staff")
def support_mails() -> ResponseReturnValue:
    with reading() as session:
        seen = [one.id for one in departments_for(session, current_ctx())]
    return replace(MAILS, query=MAILS.query.where(SupportMail.department_id.in_(seen))).answer()


class DecideForm(Form):
    what = SelectField(
        later("It is"),
        choices={
            "ticket": later("an answer in a ticket"),
            "customer": later("a new ticket of a customer"),
            "none": later("to be left out"),
        },
    )
    ticket = IntegerField(later("Ticket no."), validators=[Optional()])
    customer = StringField(later("Customer"), filters=[stripped], description=later("Number or e-mail address."))


@admin.get("/support-mails/<int:key>")
@allow("staff")
def support_mail(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = _seen(session, key)
    return _shown(row, DecideForm(ticket=row.ticket_id, what="ticket" if row.ticket_id else "customer"))


@admin.post("/support-mails/<int:key>")
@allow("staff", permission="tickets.write")
def decide_support_mail(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = _seen(session, key)
    form = DecideForm()
    if form.validate_on_submit() and row.state == "waiting":
        with form.refusals():
            with reading() as session:
                whose = _whose(session, form)
            try:
                with writing(submit_ctx()) as tx:
                    done = decide_mail(tx, key, **whose)
            except NotFound as missing:
                raise InvalidInput(form.what.data, f"there is no {missing.what} {missing.key}") from missing
            flash(say("It is in the ticket.") if whose else say("Left out."), "good")
            to = url_for("admin.ticket", key=done.ticket_id) if whose else url_for("admin.support_mails")
            return redirect(to, 303)
    return _shown(row, form)


def _shown(row: SupportMail, form: DecideForm) -> ResponseReturnValue:
    with reading() as session:
        shown = {
            "department": session.get_one(Department, row.department_id),
            "files": session.scalars(
                select(TicketFile).where(TicketFile.mail_id == row.id).order_by(TicketFile.id)
            ).all(),
            "trail": trail_of(session, f"support_mail:{row.id}"),
        }
    return page("admin/support_mail.html", mail=row, form=form, **shown), 422 if form.is_submitted() else 200


def _seen(session: Session, key: int) -> SupportMail:
    row = found(session, SupportMail, key, "mail")
    if not may_see(session.get_one(Department, row.department_id), current_ctx()):
        raise NotFound("mail", key)
    return row


def _whose(session: Session, form: Any) -> dict[str, int]:
    if form.what.data == "ticket":
        if form.ticket.data is None:
            raise InvalidInput("ticket", "which one?")
        return {"ticket_id": form.ticket.data}
    if form.what.data != "customer":
        return {}
    typed = form.customer.data or ""
    if (number := whole_number(typed)) is not None:
        return {"customer_id": number}
    rows = session.scalars(select(Customer.id).where(func.lower(Customer.email) == typed.lower()).limit(2)).all()
    if len(rows) != 1:
        raise InvalidInput("customer", "no such customer" if not rows else "there are several: give the number")
    return {"customer_id": rows[0]}


@admin.route("/departments/<int:key>/mailbox", methods=["GET", "POST"])
@allow("staff", permission="sellers.write")
def department_mailbox(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Department, key, "department")
    form, settings = EntryForm(), settings_page_form(MailboxSettings, row)
    if entered(form, settings):
        with form.refusals(), settings.refusals_of(form):
            with writing(submit_ctx()) as tx:
                save_mailbox(tx, key, settings.values())
            flash(say("Saved. It is read within two minutes, from now on."), "good")
            return redirect(url_for("admin.department", key=key), 303)
    status = 422 if form.is_submitted() else 200
    return page("admin/mailbox.html", department=row, form=form, settings=settings), status
