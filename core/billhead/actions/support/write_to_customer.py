"""Staff write first: a ticket of theirs to a customer, who answers it like any other."""

from billhead import clock
from billhead.actions.support._canned import filled
from billhead.actions.support._opening import NewTicket, check_new, new_ticket
from billhead.actions.support._seen import may_see
from billhead.actions.support._writing import move, tell_customer, write
from billhead.actions.support.answer_ticket import AFTERWARDS
from billhead.actions.support.open_ticket import TicketOpened
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotFound
from billhead.domain.support import Event
from billhead.models.people import Customer

__all__ = ["write_to_customer"]


@verb("support.write_to_customer", permission="tickets.write")
def write_to_customer(tx: Tx, customer_id: int, wanted: NewTicket, afterwards: str = "answered") -> TicketOpened:
    """The customer gets it by mail and in their area; placeholders of prepared answers are filled in. `afterwards`:
    answered, waiting or closed.

    Raises NotFound (a customer, or a thing that is not theirs) or InvalidInput naming a field, also for a department
    that this member of staff does not see.
    """
    customer = tx.session.get(Customer, customer_id)
    if customer is None:
        raise NotFound("customer", customer_id)
    event = AFTERWARDS.get(afterwards)
    if event is None:
        raise InvalidInput("afterwards", "must be one of answered, waiting, closed")
    checked = check_new(tx, customer, wanted)
    if not may_see(checked.department, tx.ctx):
        raise InvalidInput("department", "choose one of the list")
    ticket = new_ticket(tx, customer, checked.department, checked.subject, **wanted.about())
    ticket.priority, ticket.assignee_id = wanted.priority, tx.ctx.user_id
    ticket.first_answer_at = clock.business_now()  # nobody waits for one
    move(ticket, event)
    if afterwards == "closed":
        move(ticket, Event.CLOSE)
    message = write(tx, ticket, "staff", filled(tx.session, checked.text, ticket), checked.files)
    tell_customer(tx, ticket, message, "ticket_written")
    return TicketOpened(ticket.id, message.id)
