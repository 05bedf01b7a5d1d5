"""Stop a bulk action: what was done stays done, and can be taken back."""

from dataclasses import dataclass

from billhead.actions.long_work import call_off
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.models.bulk import BulkAction

__all__ = ["BulkCanceled", "cancel_bulk"]


@dataclass(frozen=True, slots=True)
class BulkCanceled:
    bulk_id: int
    done: int


@verb("bulk.cancel", permission="subscriptions.write")
def cancel_bulk(tx: Tx, bulk_id: int) -> BulkCanceled:
    """Raises NotFound, or Conflict when it is over already."""
    bulk = call_off(tx, BulkAction, bulk_id, "bulk action")
    return BulkCanceled(bulk_id, bulk.done)
