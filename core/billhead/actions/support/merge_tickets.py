"""Two tickets about the same thing become one: what was written in the first stands in the second from then on."""

from dataclasses import dataclass

from sqlalchemy import select, update

from billhead.actions.support._seen import locked_ticket
from billhead.actions.support._writing import move, say
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput
from billhead.domain.support import Event, State
from billhead.models.support import BillDispute, SupportMail, Ticket, TicketMessage

__all__ = ["Merged", "merge_tickets"]


@dataclass(frozen=True, slots=True)
class Merged:
    """`moved` messages are in the ticket now that goes on."""

    ticket_id: int
    moved: int


@verb("support.merge_tickets", permission="tickets.write")
def merge_tickets(tx: Tx, ticket_id: int, into_id: int) -> Merged:
    """The first is closed and leads to `into`, also mail that answers it. Raises NotFound, InvalidInput (of another
    customer, the same one), Conflict (merged already)."""
    if ticket_id == into_id:
        raise InvalidInput("into", "that is this ticket itself")
    first, second = (locked_ticket(tx, key) for key in sorted((ticket_id, into_id)))
    gone, kept = (first, second) if first.id == ticket_id else (second, first)
    if gone.customer_id != kept.customer_id:
        raise InvalidInput("into", f"ticket {into_id} is another customer's")
    for one in (gone, kept):
        if one.merged_into_id is not None:
            raise Conflict(f"ticket {one.id} was merged into {one.merged_into_id} already")
    moved = tx.session.scalars(select(TicketMessage.id).where(TicketMessage.ticket_id == gone.id)).all()
    for table in (TicketMessage, BillDispute, SupportMail):
        tx.session.execute(update(table).where(table.ticket_id == gone.id).values(ticket_id=kept.id))
    tx.session.execute(update(Ticket).where(Ticket.merged_into_id == gone.id).values(merged_into_id=kept.id))
    needs_staff = gone.state == State.OPEN
    if gone.state != State.CLOSED:
        move(gone, Event.CLOSE)
    gone.merged_into_id = kept.id
    if needs_staff and kept.state != State.OPEN:
        move(kept, Event.CUSTOMER_WRITES)
    say(tx, gone, f"merged into ticket {kept.id}")
    say(tx, kept, f"ticket {gone.id} was merged into this one: {gone.subject}")
    return Merged(kept.id, len(moved))
