"""Staff answer a ticket, or leave a note for colleagues; of two who answer at once the second is warned first."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from billhead import clock
from billhead.actions.support._files import SentFile, checked_files
from billhead.actions.support._seen import locked_ticket, may_read
from billhead.actions.support._writing import checked_text, move, tell_customer, write
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput
from billhead.domain.support import Event
from billhead.models.support import Ticket, TicketMessage

__all__ = ["AFTERWARDS", "Answered", "answer_ticket"]

AFTERWARDS = {
    "answered": Event.STAFF_ANSWERS,
    "waiting": Event.STAFF_ASKS,
    "closed": Event.STAFF_ANSWERS,
    "note": None,
}
"""What a ticket is after an answer; a note changes nothing, and the customer never sees it."""


@dataclass(frozen=True, slots=True)
class Answered:
    ticket_id: int
    message_id: int


@verb("support.answer_ticket", permission="tickets.write")
def answer_ticket(
    tx: Tx, ticket_id: int, text: str, afterwards: str, files: Sequence[SentFile] = (), *, seen: int | None = None
) -> Answered:
    """`seen` is the newest message that the writer had before their eyes. Raises Conflict (`written_meanwhile`) when
    somebody else has written since: nothing is sent before that was read. NotFound, InvalidInput."""
    ticket = locked_ticket(tx, ticket_id)
    if afterwards not in AFTERWARDS:
        raise InvalidInput("afterwards", f"must be one of {', '.join(AFTERWARDS)}")
    if ticket.merged_into_id is not None:
        raise Conflict(f"this ticket goes on as ticket {ticket.merged_into_id}")
    body = checked_text("text", text)
    kept = checked_files(files)
    _check_seen(tx, ticket, seen)
    event = AFTERWARDS[afterwards]
    if event is None:
        return Answered(ticket.id, write(tx, ticket, "note", body, kept).id)
    move(ticket, event)
    if afterwards == "closed":
        move(ticket, Event.CLOSE)
    message = write(tx, ticket, "staff", body, kept)
    ticket.first_answer_at = ticket.first_answer_at or clock.business_now()
    ticket.assignee_id = ticket.assignee_id or tx.ctx.user_id
    tell_customer(tx, ticket, message)
    return Answered(ticket.id, message.id)


def _check_seen(tx: Tx, ticket: Ticket, seen: int | None) -> None:
    if seen is None or ticket.last_message_id <= seen:
        return
    newer = select(TicketMessage.author).where(
        TicketMessage.ticket_id == ticket.id,
        TicketMessage.id > seen,
        TicketMessage.kind != "event",
        may_read(tx.session, tx.ctx),
    )
    who = sorted(set(tx.session.scalars(newer)))
    if who:
        raise Conflict(
            f"{' and '.join(who)} has written meanwhile", code="written_meanwhile", hint="read it, then send yours"
        )
