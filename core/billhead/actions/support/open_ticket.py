"""A customer writes to us: a ticket with its first message, perhaps about a line, an invoice, or one line of it."""

from dataclasses import dataclass
from datetime import timedelta

from billhead.actions.access._limits import count_try
from billhead.actions.support._opening import NewTicket, check_new, new_ticket
from billhead.actions.support._rules import rules_of
from billhead.actions.support._writing import count_message, tell_customer, tell_staff, write
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.context import Role
from billhead.domain.errors import NotFound
from billhead.models.people import Customer
from billhead.models.sellers import Seller

__all__ = ["NewTicket", "TicketOpened", "open_ticket"]


@dataclass(frozen=True, slots=True)
class TicketOpened:
    ticket_id: int
    message_id: int


@verb("support.open_ticket")
def open_ticket(tx: Tx, customer_id: int, wanted: NewTicket) -> TicketOpened:
    """Raises NotFound (a customer, department or thing outside of what the actor may see), InvalidInput naming a field,
    or NotAllowed (`too_often`)."""
    customer = tx.session.get(Customer, customer_id)
    scope = tx.ctx.scope
    if customer is None or not (scope.everything or scope.customer_id == customer_id):
        raise NotFound("customer", customer_id)
    checked = check_new(tx, customer, wanted)
    if tx.ctx.role is Role.CUSTOMER:
        rules = rules_of(tx.session.get_one(Seller, checked.department.seller_id).support)
        often = "You have opened many tickets today; write into one of them, please."
        count_try(tx, f"ticket:{customer_id}", rules.tickets_a_day, timedelta(days=1), often)
        count_message(tx, customer_id, rules)
    opened_by = tx.ctx.user_id if tx.ctx.role is Role.CUSTOMER and tx.ctx.behind is None else None
    ticket = new_ticket(tx, customer, checked.department, checked.subject, **wanted.about(), opened_by_id=opened_by)
    ticket.priority = wanted.priority
    message = write(tx, ticket, "customer", checked.text, checked.files)
    tell_customer(tx, ticket, message, "ticket_opened")
    tell_staff(tx, ticket, message)
    return TicketOpened(ticket.id, message.id)
