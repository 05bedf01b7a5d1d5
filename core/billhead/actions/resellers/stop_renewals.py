"""Stop renewals of many: what is done stays, what waits is left alone."""

from dataclasses import dataclass

from sqlalchemy import update

from billhead import clock
from billhead.actions.resellers._seen import seen_renewals
from billhead.actions.verb import verb
from billhead.bulk import rows_changed
from billhead.db import Tx
from billhead.domain.errors import Conflict
from billhead.models.resellers import BulkRenewalItem

__all__ = ["RenewalsStopped", "stop_renewals"]


@dataclass(frozen=True, slots=True)
class RenewalsStopped:
    """`left`: how many were not renewed any more."""

    bulk_id: int
    left: int


@verb("resellers.stop_renewals")
def stop_renewals(tx: Tx, bulk_id: int) -> RenewalsStopped:
    """The one that is being renewed is waited for. Raises NotFound (also for somebody else's), or Conflict where all
    are done."""
    bulk = seen_renewals(tx.session, tx.ctx, bulk_id)
    tx.session.refresh(bulk, with_for_update=True)
    if bulk.state != "running":
        raise Conflict("these renewals are over: there is nothing to stop")
    waiting = BulkRenewalItem.bulk_id == bulk_id, BulkRenewalItem.state == "waiting"
    left = rows_changed(tx.session, update(BulkRenewalItem).where(*waiting).values(state="stopped"))
    bulk.state, bulk.finished_at = "stopped", clock.now()
    return RenewalsStopped(bulk_id, left)
