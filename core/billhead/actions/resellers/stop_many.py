"""Stop what is done to many users: what is done stays, what waits is left alone."""

from dataclasses import dataclass

from sqlalchemy import update

from billhead import clock
from billhead.actions.resellers._seen import seen_many
from billhead.actions.verb import note, verb
from billhead.bulk import rows_changed
from billhead.db import Tx
from billhead.domain.errors import Conflict
from billhead.models.resellers import UserBulkItem

__all__ = ["ManyStopped", "stop_many"]


@dataclass(frozen=True, slots=True)
class ManyStopped:
    """`left`: how many are left as they were."""

    bulk_id: int
    left: int


@verb("resellers.stop_many")
def stop_many(tx: Tx, bulk_id: int) -> ManyStopped:
    """The one that is just being done is waited for. Raises NotFound (also for somebody else's), or Conflict where all
    are done."""
    bulk = seen_many(tx.session, tx.ctx, bulk_id)
    tx.session.refresh(bulk, with_for_update=True)
    if bulk.state != "running":
        raise Conflict("this is over: there is nothing to stop")
    waiting = UserBulkItem.bulk_id == bulk_id, UserBulkItem.state == "waiting"
    left = rows_changed(tx.session, update(UserBulkItem).where(*waiting).values(state="stopped"))
    bulk.state, bulk.finished_at = "stopped", clock.now()
    note(tx, f"user_bulk:{bulk_id}", stopped=left)
    return ManyStopped(bulk_id, left)
