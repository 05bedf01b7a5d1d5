"""Put a note about a customer on top of the page, or back into its order."""

from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import NotFound
from billhead.models.people import CustomerNote

__all__ = ["pin_note"]


@verb("accounts.pin_note", permission="customers.write")
def pin_note(tx: Tx, note_id: int, pinned: bool) -> None:
    """Raises NotFound."""
    row = tx.session.get(CustomerNote, note_id, with_for_update=True)
    if row is None:
        raise NotFound("note", note_id)
    row.pinned = pinned
    note(tx, f"customer:{row.customer_id}", note=note_id, pinned=pinned)
