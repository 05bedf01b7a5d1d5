"""Staff write down what colleagues are to know about a customer."""

from dataclasses import dataclass

from billhead import clock
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.domain.typed_text import seen_text
from billhead.models.people import Customer, CustomerNote

__all__ = ["MOST", "NoteWritten", "write_note"]

MOST = 2000
"""Signs of a note."""


@dataclass(frozen=True, slots=True)
class NoteWritten:
    note_id: int


@verb("accounts.write_note", permission="customers.write")
def write_note(tx: Tx, customer_id: int, text: str, pinned: bool = False) -> NoteWritten:
    """Only staff read it. The trail says that it was written, not what it says: a note can be removed.

    Raises NotFound, Conflict (the customer is erased) and InvalidInput (empty, or longer than `MOST`).
    """
    customer = tx.session.get(Customer, customer_id, with_for_update=True)
    if customer is None:
        raise NotFound("customer", customer_id)
    if customer.erased_at is not None:
        raise Conflict(f"customer {customer_id} was erased")
    written = seen_text(text, lines=True)
    if not written:
        raise InvalidInput("text", "is needed")
    if len(written) > MOST:
        raise InvalidInput("text", f"at most {MOST} characters")
    row = CustomerNote(customer_id=customer_id, text=written, author=tx.ctx.actor, pinned=pinned, at=clock.now())
    tx.session.add(row)
    tx.session.flush()
    note(tx, f"customer:{customer_id}", note=row.id, pinned=pinned)
    return NoteWritten(row.id)
