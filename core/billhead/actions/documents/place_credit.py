"""Place what waits on a credit note: what is still owed first, then as credit or back to where it came from."""

from billhead.actions.documents._place_credit import Placed, place_credit_note
from billhead.actions.resellers._given import follow_money
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.document import OWED, Kind
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.models.documents import Document

__all__ = ["PLACES", "place_credit"]

PLACES = ("credit", "refund")


@verb("documents.place_credit", permission="money.correct")
def place_credit(tx: Tx, credit_note_id: int, way: str = "credit") -> Placed:
    """All that a credit note was told to keep. Raises InvalidInput, NotFound, or Conflict: nothing waits on it."""
    if way not in PLACES:
        raise InvalidInput("way", f"{way!r} is not one of {', '.join(PLACES)}")
    note, scope = tx.session.get(Document, credit_note_id), tx.ctx.scope
    if note is None or not (scope.everything or scope.customer_id == note.customer_id):
        raise NotFound("document", credit_note_id)
    if note.kind != Kind.CREDIT_NOTE or note.state not in OWED:
        raise Conflict(f"{note.number_text or note.id} is a {note.kind} ({note.state}): there is nothing to place")
    placed = place_credit_note(tx, credit_note_id, way)
    if note.corrects_id is not None:
        follow_money(tx, [note.corrects_id], tx.ctx.reason)
    return placed
