"""Take a bulk action back, one by one, where nothing has moved since."""

from dataclasses import dataclass

from billhead.actions.bulk._kinds import KINDS
from billhead.actions.scheduling import enqueue
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, NotFound
from billhead.models.bulk import BulkAction

__all__ = ["BulkUndoing", "undo_bulk"]


@dataclass(frozen=True, slots=True)
class BulkUndoing:
    bulk_id: int
    done: int


@verb("bulk.undo", permission="subscriptions.write")
def undo_bulk(tx: Tx, bulk_id: int) -> BulkUndoing:
    """Raises NotFound, or Conflict: it still goes on, nothing was done, or such a thing can't be taken back."""
    bulk = tx.session.get(BulkAction, bulk_id, with_for_update=True)
    if bulk is None:
        raise NotFound("bulk action", bulk_id)
    if KINDS[bulk.kind].undo is None:
        raise Conflict("a message that was sent can't be taken back")
    if bulk.state not in ("done", "canceled"):
        raise Conflict(f"bulk action {bulk_id} is {bulk.state}")
    if not bulk.done:
        raise Conflict("nothing was done that could be taken back")
    bulk.state, bulk.finished_at = "undoing", None
    enqueue(tx, "subscriptions.bulk", {"bulk_id": bulk.id}, key=f"bulk:{bulk.id}")
    return BulkUndoing(bulk_id, bulk.done)
