"""Stop a bulk action: what was done stays done, and can be taken back."""

from dataclasses import dataclass

from billhead import clock
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, NotFound
from billhead.models.bulk import BulkAction

__all__ = ["BulkCanceled", "cancel_bulk"]


@dataclass(frozen=True, slots=True)
class BulkCanceled:
    bulk_id: int
    done: int


@verb("bulk.cancel", permission="subscriptions.write")
def cancel_bulk(tx: Tx, bulk_id: int) -> BulkCanceled:
    """Raises NotFound, or Conflict when it is over already."""
    bulk = tx.session.get(BulkAction, bulk_id, with_for_update=True)
    if bulk is None:
        raise NotFound("bulk action", bulk_id)
    if bulk.state not in ("queued", "running"):
        raise Conflict(f"bulk action {bulk_id} is {bulk.state}")
    bulk.state, bulk.finished_at = "canceled", clock.now()
    return BulkCanceled(bulk_id, bulk.done)
