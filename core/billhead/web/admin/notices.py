"""Messages to customers: what was sent, what waits, and what may or may not have arrived."""

from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, or_, select

from billhead.models.operations import Notice
from billhead.models.people import Customer
from billhead.plugin import allow
from billhead.web.admin.area import admin
from billhead.web.admin.columns import instant, number, state, text
from billhead.web.admin.listing import Choice, Listing

__all__ = ["NOTICES"]


def _matching(typed: str) -> ColumnElement[bool]:
    return or_(Notice.recipient == typed, Notice.kind == typed, Notice.key == typed)


NOTICES = Listing(
    name="messages",
    title="Messages",
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
    ).join(Customer, Customer.id == Notice.customer_id),
    key=Notice.id,
    columns=(
        number("No.", "id"),
        text("Customer", "customer", to="customer", key="customer_id"),
        text("About", "kind"),
        text("By", "channel"),
        text("To", "recipient"),
        state("State", "state"),
        text("Error", "error", css="clip"),
        instant("Queued", "created_at"),
        instant("Sent", "sent_at"),
    ),
    choices=(Choice("state", "State", Notice.state, ("queued", "sending", "sent", "failed", "rejected", "unknown")),),
    search=_matching,
    search_label="Recipient, or what it is about",
    narrow={"customer": Notice.customer_id},
    empty="Customers are written to when they order, pay, owe, or when their line is ready.",
)


@admin.get("/messages")
@allow("staff")
def notices() -> ResponseReturnValue:
    return NOTICES.answer()
