"""Disputed bills: all of them, and the decision about one."""

from dataclasses import replace
from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, select
from wtforms import SelectField, TextAreaField
from wtforms.validators import DataRequired, Length

from billhead.actions.documents._corrected import left_of_invoice, lines_of
from billhead.actions.support._seen import departments_for, must_be_seen
from billhead.actions.support.settle_dispute import DisputeSettled, settle_dispute
from billhead.db import Tx, reading
from billhead.domain.money import Money
from billhead.domain.support import DISPUTE_REASONS, DisputeState
from billhead.models.documents import Document, DocumentLine
from billhead.models.people import Customer
from billhead.models.support import BillDispute, Department, Ticket
from billhead.plugin import allow
from billhead.web.admin.area import admin, found
from billhead.web.admin.asking import Question
from billhead.web.admin.columns import Column, amount, on, state, text
from billhead.web.admin.corrections import WAYS, amount_field
from billhead.web.admin.listing import Choice, Listing
from billhead.web.admin.previewing import Figures, PreviewForm, previewed
from billhead.web.formatting import money
from billhead.web.forms import stripped
from billhead.web.request_context import current_ctx
from billhead.web.speaking import later, marked, say

__all__ = ["BILL_DISPUTES"]


def _reason(row: Any) -> str:
    return DISPUTE_REASONS[row.reason]


def _reason_in_words(reason: str) -> str:
    return say(DISPUTE_REASONS[reason])


BILL_DISPUTES = Listing(
    name="disputed-bills",
    title=marked("Disputed bills"),
    lead=marked(
        "Lines of invoices with which customers do not agree. How many there are over time stands in the report."
    ),
    query=select(
        BillDispute.id,
        BillDispute.ticket_id,
        Ticket.subject,
        BillDispute.customer_id,
        Customer.name.label("customer"),
        BillDispute.reason,
        BillDispute.state,
        BillDispute.currency,
        BillDispute.disputed_minor,
        BillDispute.granted_minor,
        BillDispute.opened_on,
        BillDispute.waits_until,
    )
    .join(Ticket, Ticket.id == BillDispute.ticket_id)
    .join(Department, Department.id == Ticket.department_id)
    .join(Customer, Customer.id == BillDispute.customer_id),
    key=BillDispute.id,
    columns=(
        text(marked("No."), "id"),
        text(marked("Line"), "subject", to="ticket", key="ticket_id"),
        text(marked("Customer"), "customer", to="customer", key="customer_id"),
        Column(marked("Why"), _reason, lambda row: say(_reason(row))),
        state(marked("State"), "state"),
        amount(marked("Disputed"), "disputed_minor"),
        amount(marked("Given back"), "granted_minor"),
        on(marked("Since"), "opened_on"),
        on(marked("Dunning waits to"), "waits_until"),
    ),
    choices=(
        Choice("state", marked("State"), BillDispute.state, tuple(one.value for one in DisputeState)),
        Choice("reason", marked("Why"), BillDispute.reason, tuple(DISPUTE_REASONS), _reason_in_words),
    ),
    search=lambda typed: Customer.name.icontains(typed, autoescape=True) | (Customer.email == typed.lower()),
    search_label=marked("Customer’s name or e-mail"),
    narrow={"customer": BillDispute.customer_id, "document": BillDispute.document_id},
    empty=marked("Customers dispute a line from the page of its invoice."),
)


@admin.get("/disputed-bills")
@allow("staff")
def bill_disputes() -> ResponseReturnValue:
    with reading() as session:
        seen: ColumnElement[bool] = Ticket.department_id.in_(
            [one.id for one in departments_for(session, current_ctx())]
        )
    if current_ctx().may("money.correct"):  # what is given back in a shop of a reseller staff decide
        seen |= Department.reseller_id.is_not(None)
    return replace(BILL_DISPUTES, query=BILL_DISPUTES.query.where(seen)).answer()


class SettleForm(PreviewForm):
    granted = amount_field(later("Give back"), later("With tax. 0 refuses it."))
    way = SelectField(later("What was paid"), choices=WAYS)
    words = TextAreaField(
        later("What the customer reads"),
        filters=[stripped],
        validators=[DataRequired(later("They are told why.")), Length(max=5000)],
        render_kw={"rows": 5},
    )


@admin.route("/disputed-bills/<int:key>/decide", methods=["GET", "POST"])
@allow("staff", permission="tickets.write")
def decide_bill_dispute(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, BillDispute, key, "dispute")
        must_be_seen(session, current_ctx(), row.ticket_id, "dispute", key)
        document, line = session.get_one(Document, row.document_id), session.get_one(DocumentLine, row.line_id)
        lines = lines_of(session, document)
        left = max(0, min(row.disputed_minor, lines[row.line_id].left, left_of_invoice(lines)))
    form = SettleForm(granted=f"{Money(left, row.currency).decimal():f}")

    def act(tx: Tx) -> DisputeSettled:
        minor = Money.parse(form.granted.data, row.currency).minor
        return settle_dispute(tx, key, minor, form.words.data, form.way.data)

    def figures(done: DisputeSettled) -> Figures:
        if not done.granted_minor:
            return [(say("Decision"), say("refused: the line stands as it is, and dunning goes on"))]
        amounts = (
            (say("Given back, with tax"), done.granted_minor), (say("Owed less"), done.on_documents),
            (say("Becomes credit"), done.credited), (say("Goes back"), done.refunded),
        )  # fmt: skip
        return [(what, money(minor, row.currency)) for what, minor in amounts if minor]

    question = Question(
        say(
            "Decide about %(description)s on %(number_text)s",
            description=line.description,
            number_text=document.number_text,
        ),
        say(
            "%(reason)s: %(amount)s. What is given back is a credit note, which can’t be taken "
            "back. The customer gets a mail.",
            reason=say(DISPUTE_REASONS[row.reason]),
            amount=money(row.disputed_minor, row.currency),
        ),
        say("Decide"),
        url_for("admin.ticket", key=row.ticket_id),
    )
    return previewed(question, form, act, figures, lambda _, done: say("It is %(state)s.", state=say(done.state)))
