"""Something on an invoice is wrong: the customer chooses the line and says why."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import RadioField, SelectField
from wtforms.validators import InputRequired

from billhead.actions.documents._corrected import left_of_invoice, lines_of
from billhead.actions.documents.describe_line import describe_line
from billhead.actions.support._seen import must_be_seen
from billhead.actions.support.open_dispute import open_dispute
from billhead.actions.support.withdraw_dispute import withdraw_dispute
from billhead.db import reading, writing
from billhead.domain.document import Kind
from billhead.domain.errors import NotFound
from billhead.domain.rights import BUYERS
from billhead.domain.support import DISPUTE_REASONS
from billhead.models.documents import Document
from billhead.models.support import BillDispute
from billhead.plugin import allow
from billhead.web.customer.blueprint import customer
from billhead.web.customer.read import own_document
from billhead.web.customer.sure import sure
from billhead.web.customer.tickets import departments_of, text_area
from billhead.web.formatting import money
from billhead.web.forms import Form
from billhead.web.own_words import own_word
from billhead.web.pages import page
from billhead.web.request_context import current_ctx, current_customer_id, submit_ctx
from billhead.web.sent_files import files_field, sent_files
from billhead.web.speaking import later, say, speech

__all__ = ["lines_to_dispute"]


class DisputeForm(Form):
    line = RadioField(later("Which line?"), coerce=int)
    reason = SelectField(
        later("What is wrong?"),
        choices=lambda: [("", say("Choose …")), *((name, say(words)) for name, words in DISPUTE_REASONS.items())],
        validators=[InputRequired(later("choose one of the list"))],
    )
    text = text_area(later("Tell us more"), 6)
    department = SelectField(later("To"), coerce=int)
    files = files_field()


@customer.route("/documents/<int:document_id>/dispute", methods=["GET", "POST"])
@allow(*BUYERS, permission="own.support")
def dispute(document_id: int) -> ResponseReturnValue:
    form = DisputeForm()
    with reading() as session:
        row = _own_invoice(session, document_id)
        form.line.choices = lines_to_dispute(session, row)
        form.department.choices = departments_of(session, row.seller_id)
    if not form.department.choices:
        return page("customer/no_support.html")
    if form.validate_on_submit():
        with form.refusals():
            with writing(submit_ctx()) as tx:
                done = open_dispute(
                    tx, document_id, form.line.data, form.reason.data, form.text.data or "", form.department.data,
                    tuple(sent_files()),
                )  # fmt: skip
            flash(say("Thank you. We look at it, and answer in this ticket."), "good")
            return redirect(url_for("customer.ticket", ticket_id=done.ticket_id), 303)
    return page("customer/dispute.html", document=row, form=form), 422 if form.is_submitted() else 200


def _own_invoice(session: Session, document_id: int) -> Document:
    row = own_document(session, current_customer_id(), document_id)
    if row.kind != Kind.INVOICE or not current_ctx().may("own.invoices"):
        raise NotFound("document", document_id)
    return row


def lines_to_dispute(session: Session, row: Document) -> list[tuple[int, str]]:
    """Of which something is left and that were not disputed yet."""
    disputed = set(session.scalars(select(BillDispute.line_id).where(BillDispute.document_id == row.id)))
    lines = lines_of(session, row)
    most = left_of_invoice(lines)
    return [
        (key, f"{describe_line(line.row, speech().say, own_word)}: {_worth(line.left, most, row.currency)}")
        for key, line in lines.items()
        if min(line.left, most) > 0 and key not in disputed
    ]


def _worth(left: int, most: int, currency: str) -> str:
    if left <= most:
        return money(left, currency)
    told = {"amount": money(left, currency), "most": money(most, currency)}
    return say("%(amount)s, of which %(most)s can be given back: the invoice came to no more", **told)


@customer.route("/disputes/<int:dispute_id>/withdraw", methods=["GET", "POST"])
@allow(*BUYERS, permission="own.support")
def withdraw(dispute_id: int) -> ResponseReturnValue:
    if request.method == "GET":
        return _ask_to_withdraw(dispute_id)
    with writing(submit_ctx()) as tx:
        done = withdraw_dispute(tx, dispute_id)
    flash(say("Withdrawn. The invoice stands as it is."), "good")
    return redirect(url_for("customer.ticket", ticket_id=done.ticket_id), 303)


def _ask_to_withdraw(dispute_id: int) -> ResponseReturnValue:
    with reading() as session:
        row = session.get(BillDispute, dispute_id)
        if row is None:
            raise NotFound("dispute", dispute_id)
        must_be_seen(session, current_ctx(), row.ticket_id, "dispute", dispute_id)
        document = session.get_one(Document, row.document_id)
    owed = money(document.total_minor - document.settled_minor, document.currency)
    happens = [
        say(
            "The invoice %(number)s stands as it is, and this line can’t be disputed again.",
            number=document.number_text,
        ),
        say("%(amount)s of it is open, and you are reminded of it again.", amount=owed)
        if document.total_minor > document.settled_minor
        else say("It is paid, and nothing of it comes back."),
    ]
    back = url_for("customer.ticket", ticket_id=row.ticket_id)
    return sure(say("Withdraw your dispute?"), happens, say("I agree with it after all"), back)
