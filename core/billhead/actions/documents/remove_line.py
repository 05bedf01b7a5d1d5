"""Take a line off a draft that staff have put there. What a subscription owes is changed, not removed."""

from dataclasses import dataclass

from billhead.actions.documents._changeable import by_hand, locked_line, recompute
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import Conflict

__all__ = ["Removed", "remove_line"]


@dataclass(frozen=True, slots=True)
class Removed:
    line_id: int
    document_id: int


@verb("documents.remove_line", permission="documents.write")
def remove_line(tx: Tx, line_id: int) -> Removed:
    """Raises NotFound, or Conflict for a line of a subscription's period: its key keeps it from being billed twice."""
    draft, line = locked_line(tx, line_id)
    if not by_hand(line):
        raise Conflict(
            "this line bills a subscription and stays", hint="change its amount, split it off, or void the whole draft"
        )
    told = {"description": line.description, "net_minor": line.net_minor, "quantity": line.quantity}
    tx.session.delete(line)
    recompute(tx, draft)
    note(tx, f"document:{draft.id}", **told)
    return Removed(line_id, draft.id)
