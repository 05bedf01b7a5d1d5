"""Ask a billing run to stop: it ends after the batch that it is writing, and the next run goes on from there."""

from dataclasses import dataclass

from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, NotFound
from billhead.models.documents import BillingRun

__all__ = ["StopAsked", "stop_run"]


@dataclass(frozen=True, slots=True)
class StopAsked:
    run_id: int


@verb("billing.stop_run", permission="billing.run")
def stop_run(tx: Tx, run_id: int) -> StopAsked:
    """Raises NotFound, or Conflict for a run that has ended."""
    run = tx.session.get(BillingRun, run_id, with_for_update=True)
    if run is None:
        raise NotFound("run", run_id)
    if run.state != "running":
        raise Conflict(f"this run is {run.state.replace('_', ' ')}: there is nothing to stop")
    run.cancel_asked = True
    return StopAsked(run_id)
