"""A customer answers: the ticket is staff's turn again, and opened again if it was closed."""

from collections.abc import Sequence
from dataclasses import dataclass

from billhead.actions.support._files import SentFile, checked_files
from billhead.actions.support._rules import rules_of
from billhead.actions.support._seen import locked_ticket
from billhead.actions.support._writing import checked_text, count_message, move, tell_staff, write
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.context import Role
from billhead.domain.errors import Conflict
from billhead.domain.support import Event
from billhead.models.sellers import Seller

__all__ = ["Replied", "reply_to_ticket"]


@dataclass(frozen=True, slots=True)
class Replied:
    ticket_id: int
    message_id: int


@verb("support.reply_to_ticket")
def reply_to_ticket(tx: Tx, ticket_id: int, text: str, files: Sequence[SentFile] = ()) -> Replied:
    """Raises NotFound (also for another customer's), InvalidInput, Conflict (it was merged) or NotAllowed."""
    ticket = locked_ticket(tx, ticket_id)
    if ticket.merged_into_id is not None:
        raise Conflict("this ticket goes on in another one", hint=f"write in ticket {ticket.merged_into_id}")
    body = checked_text("text", text)
    kept = checked_files(files)
    if tx.ctx.role is Role.CUSTOMER:
        count_message(tx, ticket.customer_id, rules_of(tx.session.get_one(Seller, ticket.seller_id).support))
    move(ticket, Event.CUSTOMER_WRITES)
    message = write(tx, ticket, "customer", body, kept)
    tell_staff(tx, ticket, message)
    return Replied(ticket.id, message.id)
