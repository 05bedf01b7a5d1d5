"""Staff decide about a disputed line: refused with words, or granted, wholly or in part, by a credit note. Once."""

from dataclasses import dataclass

from billhead import clock
from billhead.actions.documents.issue_credit_note import Correction, issue_credit_note
from billhead.actions.support._disputed import go_on, open_dispute_of
from billhead.actions.support._writing import author_of, checked_text, move, tell_customer, write
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput
from billhead.domain.support import DISPUTE_REASONS, DisputeState, Event
from billhead.models.sellers import Seller

__all__ = ["DisputeSettled", "settle_dispute"]


@dataclass(frozen=True, slots=True)
class DisputeSettled:
    """Minor units; where what is given back goes, as a credit note tells it."""

    bill_dispute_id: int
    ticket_id: int
    state: str
    granted_minor: int
    credit_note_id: int | None = None
    number_text: str = ""
    on_documents: int = 0
    credited: int = 0
    refunded: int = 0


@verb("support.settle_dispute", permission="tickets.write")
def settle_dispute(tx: Tx, dispute_id: int, granted_minor: int, words: str, way: str = "credit") -> DisputeSettled:
    """`words` is what the customer reads; `granted_minor` with tax, 0 refuses it. Granting needs money.correct as well.

    Raises NotFound, Conflict (decided already, nothing left of the line), or InvalidInput: more than is left of it.
    """
    row, ticket = open_dispute_of(tx, dispute_id)
    if granted_minor < 0:
        raise InvalidInput("granted", "can't be below zero")
    told = checked_text("words", words)
    settled = DisputeSettled(row.id, ticket.id, DisputeState.REFUSED.value, 0)
    if granted_minor:
        why = f"{DISPUTE_REASONS[row.reason]} (ticket {ticket.id})"
        wanted = [Correction(row.line_id, amount_minor=granted_minor)]
        note = issue_credit_note(tx, row.document_id, wanted, reason=why, way=way)
        settled = DisputeSettled(
            row.id,
            ticket.id,
            DisputeState.GRANTED.value,
            note.total_minor,
            note.credit_note_id,
            note.number_text,
            note.on_documents,
            note.credited,
            note.refunded,
        )
    row.state, row.granted_minor, row.credit_note_id = settled.state, settled.granted_minor, settled.credit_note_id
    row.decided_on = clock.today_in(tx.session.get_one(Seller, ticket.seller_id).zone)
    row.decided_by = author_of(tx)
    go_on(tx, row.document_id)
    move(ticket, Event.STAFF_ANSWERS)
    ticket.first_answer_at = ticket.first_answer_at or clock.business_now()
    tell_customer(tx, ticket, write(tx, ticket, "staff", told))
    return settled
