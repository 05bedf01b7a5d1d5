"""Call many jobs off: what waits, or was parked, of one kind or of every kind."""

from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.jobs._chosen import CANCELABLE, Chosen, Figures, figures_of, matching
from billhead.actions.verb import verb
from billhead.bulk import among
from billhead.db import Tx
from billhead.domain.errors import Conflict
from billhead.models.operations import Job

__all__ = ["ManyCalledOff", "cancel_jobs", "preview_cancel_jobs"]

_AT_MOST = 5000


@dataclass(frozen=True, slots=True)
class ManyCalledOff:
    jobs: int


def preview_cancel_jobs(session: Session, chosen: Chosen) -> Figures:
    return figures_of(session, chosen.checked(CANCELABLE), retry=False)


@verb("jobs.cancel_many", permission="jobs.write")
def cancel_jobs(tx: Tx, chosen: Chosen) -> ManyCalledOff:
    """What runs at this moment is not among them. At most a few thousand at once. Raises Conflict for none."""
    wanted = matching(chosen.checked(CANCELABLE))
    ids = tx.session.scalars(select(Job.id).where(*wanted).order_by(Job.id).limit(_AT_MOST).with_for_update()).all()
    if not ids:
        raise Conflict("There is nothing to call off.")
    off = update(Job).where(among(Job.id, ids, tx.session), Job.state.in_(CANCELABLE))
    tx.session.execute(off.values(state="canceled", finished_at=clock.now()))
    return ManyCalledOff(len(ids))
