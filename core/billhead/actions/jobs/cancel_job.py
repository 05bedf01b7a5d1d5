"""Call a job off: it is not run any more, and stays to be seen."""

from dataclasses import dataclass

from billhead import clock
from billhead.actions.jobs._chosen import CANCELABLE
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, NotFound
from billhead.models.operations import Job

__all__ = ["CalledOff", "cancel_job"]


@dataclass(frozen=True, slots=True)
class CalledOff:
    job_id: int


@verb("jobs.cancel", permission="jobs.write")
def cancel_job(tx: Tx, job_id: int) -> CalledOff:
    """Raises Conflict when it runs at this moment or has ended."""
    job = tx.session.get(Job, job_id, with_for_update=True)
    if job is None:
        raise NotFound("job", job_id)
    if job.state not in CANCELABLE:
        raise Conflict(f"Job {job_id} is {job.state}: it can't be called off.")
    job.state, job.finished_at = "canceled", clock.now()
    return CalledOff(job_id)
