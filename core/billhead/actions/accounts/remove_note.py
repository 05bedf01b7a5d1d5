"""Take away a note about a customer, saying why."""

from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotFound
from billhead.models.people import CustomerNote

__all__ = ["remove_note"]


@verb("accounts.remove_note", permission="customers.write")
def remove_note(tx: Tx, note_id: int) -> None:
    """The reason stands in the audit trail, the text nowhere any more. Raises NotFound, InvalidInput without one."""
    if not tx.ctx.reason:
        raise InvalidInput("reason", "is needed: colleagues read it in the audit trail")
    row = tx.session.get(CustomerNote, note_id, with_for_update=True)
    if row is None:
        raise NotFound("note", note_id)
    note(tx, f"customer:{row.customer_id}", note=note_id, author=row.author)
    tx.session.delete(row)
