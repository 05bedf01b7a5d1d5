"""Queue many jobs again: all that were parked, failed or called off, of one kind or of every kind."""

from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.jobs._chosen import RETRIABLE, Chosen, Figures, figures_of, matching, not_doubled
from billhead.actions.verb import verb
from billhead.bulk import among
from billhead.db import Tx
from billhead.domain.errors import Conflict
from billhead.models.operations import Job

__all__ = ["ManyRetried", "preview_retry_jobs", "retry_jobs"]

_AT_MOST = 5000


@dataclass(frozen=True, slots=True)
class ManyRetried:
    jobs: int


def preview_retry_jobs(session: Session, chosen: Chosen) -> Figures:
    return figures_of(session, chosen.checked(RETRIABLE), retry=True)


@verb("jobs.retry_many", permission="jobs.write")
def retry_jobs(tx: Tx, chosen: Chosen) -> ManyRetried:
    """Their tries start anew; at most a few thousand at once, the rest by asking again. Raises Conflict for none."""
    wanted = (*matching(chosen.checked(RETRIABLE)), not_doubled(chosen.states))
    ids = tx.session.scalars(select(Job.id).where(*wanted).order_by(Job.id).limit(_AT_MOST).with_for_update()).all()
    if not ids:
        raise Conflict("There is nothing to try again.")
    again = {"state": "queued", "tries": 0, "due_at": clock.business_now(), "finished_at": None}
    tx.session.execute(update(Job).where(among(Job.id, ids, tx.session)).values(again))
    return ManyRetried(len(ids))
