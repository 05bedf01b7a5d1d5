"""A ticket is closed: by its customer or by staff. Who writes in it opens it again."""

from dataclasses import dataclass

from billhead.actions.support._seen import locked_ticket
from billhead.actions.support._writing import move, say
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.context import Role
from billhead.domain.errors import NotAllowed
from billhead.domain.support import Event, State

__all__ = ["Closed", "close_ticket"]


@dataclass(frozen=True, slots=True)
class Closed:
    ticket_id: int
    changed: bool


@verb("support.close_ticket")
def close_ticket(tx: Tx, ticket_id: int) -> Closed:
    """Closed already: nothing is done. Raises NotFound, NotAllowed (staff without tickets.write)."""
    if tx.ctx.role is not Role.CUSTOMER and not tx.ctx.may("tickets.write"):
        raise NotAllowed(f"{tx.ctx.actor} may not close a ticket: it needs tickets.write")
    ticket = locked_ticket(tx, ticket_id)
    if ticket.state == State.CLOSED:
        return Closed(ticket.id, False)
    move(ticket, Event.CLOSE)
    say(tx, ticket, "closed by the customer" if tx.ctx.role is Role.CUSTOMER else "closed")
    return Closed(ticket.id, True)
