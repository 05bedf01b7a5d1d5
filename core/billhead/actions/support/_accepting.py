"""A mail becomes what its sender meant: an answer in a ticket, or a new one."""

from collections.abc import Sequence

from billhead.actions.support._opening import new_ticket
from billhead.actions.support._writing import move, tell_customer, tell_staff, write
from billhead.db import Tx
from billhead.domain.support import Event
from billhead.models.people import Customer
from billhead.models.support import Department, SupportMail, Ticket, TicketFile

__all__ = ["as_answer", "as_new"]

_NOTHING = "(nothing was written)"


def as_answer(tx: Tx, row: SupportMail, ticket: Ticket, files: Sequence[TicketFile]) -> None:
    """The ticket must be locked."""
    move(ticket, Event.CUSTOMER_WRITES)
    message = write(tx, ticket, "customer", row.body or _NOTHING, files, author=row.sender)
    message.user_id = None
    row.state, row.ticket_id = "taken", ticket.id
    tell_staff(tx, ticket, message)


def as_new(tx: Tx, row: SupportMail, customer: Customer, department: Department, files: Sequence[TicketFile]) -> None:
    ticket = new_ticket(tx, customer, department, row.subject or "(no subject)")
    message = write(tx, ticket, "customer", row.body or _NOTHING, files, author=row.sender)
    message.user_id = None
    row.state, row.ticket_id = "taken", ticket.id
    tell_customer(tx, ticket, message, "ticket_opened")
    tell_staff(tx, ticket, message)
