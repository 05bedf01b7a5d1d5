"""Messages to customers: what was sent, what waits, and what may or may not have arrived."""

from flask import url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from billhead.actions.notifications._queueing import may_be_sent_again
from billhead.actions.notifications._standard import KINDS
from billhead.actions.notifications.send_again import send_again
from billhead.actions.support._seen import may_see
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import NotFound
from billhead.models.operations import Notice
from billhead.models.people import Customer
from billhead.models.support import Department, Ticket
from billhead.plugin import allow
from billhead.web.admin.area import admin, found
from billhead.web.admin.asking import Question, ReasonForm, asked
from billhead.web.admin.columns import instant, state, text, word
from billhead.web.admin.listing import Choice, Listing
from billhead.web.request_context import current_ctx
from billhead.web.speaking import marked, say

__all__ = ["NOTICES"]


def _matching(typed: str) -> ColumnElement[bool]:
    return or_(Notice.recipient == typed, Notice.kind == typed, Notice.key == typed)


NOTICES = Listing(
    name="messages",
    title=marked("Messages"),
    query=select(
        Notice.id,
        Notice.customer_id,
        Customer.name.label("customer"),
        Notice.channel,
        Notice.kind,
        Notice.recipient,
        Notice.state,
        Notice.error,
        Notice.created_at,
        Notice.sent_at,
    ).outerjoin(Customer, Customer.id == Notice.customer_id),
    key=Notice.id,
    columns=(
        text(marked("Message"), "id", to="message"),
        text(marked("Customer"), "customer", to="customer", key="customer_id"),
        word(marked("About"), "kind"),
        word(marked("By"), "channel"),
        text(marked("To"), "recipient"),
        state(marked("State"), "state"),
        text(marked("Error"), "error", css="clip"),
        instant(marked("Queued"), "created_at"),
        instant(marked("Sent"), "sent_at"),
    ),
    choices=(
        Choice(
            "state",
            marked("State"),
            Notice.state,
            ("queued", "held", "in_digest", "sending", "sent", "failed", "rejected", "unknown"),
        ),
        Choice("kind", marked("About"), Notice.kind, tuple(sorted(KINDS))),
        Choice("channel", marked("By"), Notice.channel, ("email", "sms", "telegram", "webhook")),
    ),
    search=_matching,
    search_label=marked("Recipient, or what it is about"),
    narrow={"customer": Notice.customer_id},
    empty=marked("Customers are written to when they order, pay, owe, or when their line is ready."),
)


@admin.get("/messages")
@allow("staff")
def notices() -> ResponseReturnValue:
    return NOTICES.answer()


@admin.route("/messages/<int:key>", methods=["GET", "POST"])
@allow("staff", permission="customers.write")
def message(key: int) -> ResponseReturnValue:
    """What was written, where it holds nothing that opens a line or an account; what failed can be sent again."""
    with reading() as session:
        row = found(session, Notice, key, "message")
        _must_be_seen(session, row)
        again = may_be_sent_again(row)

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            send_again(tx, key)
        return say("Message %(key)s is on its way to %(recipient)s again.", key=key, recipient=row.recipient)

    twice = say("It may have arrived already: then they get it twice.") if row.state == "unknown" else ""
    sent = {"kind": say(row.kind), "channel": say(row.channel), "to": row.recipient, "state": say(row.state)}
    text = say("%(kind)s by %(channel)s to %(to)s: %(state)s.", **sent)
    text = " ".join(filter(None, (text, twice, row.error)))
    title = say("Send message %(key)s again?", key=key) if again else say("Message %(key)s", key=key)
    question = Question(title, text, say("Send again"), url_for("admin.notices"), danger=False)
    return asked(question, ReasonForm(), act, "admin/message.html", row=row, again=again)


def _must_be_seen(session: Session, row: Notice) -> None:
    """Of a ticket only by whom its department is for. Raises NotFound."""
    ticket_id = row.data.get("ticket_id")
    ticket = session.get(Ticket, ticket_id) if ticket_id is not None else None
    if ticket is not None and not may_see(session.get_one(Department, ticket.department_id), current_ctx()):
        raise NotFound("message", row.id)
