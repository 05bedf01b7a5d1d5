"""Queue a job again, at once: one that was parked, failed or called off, or one that waits for a later moment."""

from dataclasses import dataclass

from sqlalchemy import select

from billhead import clock
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, NotFound
from billhead.models.operations import Job

__all__ = ["Retried", "retry_job"]


@dataclass(frozen=True, slots=True)
class Retried:
    job_id: int


@verb("jobs.retry", permission="jobs.write")
def retry_job(tx: Tx, job_id: int) -> Retried:
    """Its tries start anew. Raises Conflict when it runs or is done, or when another for the same thing is queued."""
    job = tx.session.get(Job, job_id, with_for_update=True)
    if job is None:
        raise NotFound("job", job_id)
    if job.state in ("running", "done"):
        raise Conflict(f"Job {job_id} is {job.state}: there is nothing to try again.")
    if job.key is not None:
        same = select(Job.id).where(Job.key == job.key, Job.state == "queued", Job.id != job_id)
        other = tx.session.scalar(same)
        if other is not None:
            raise Conflict(f"Job {other} for the same thing is queued already.", hint="call this one off instead")
    job.state, job.tries = "queued", 0
    job.due_at, job.finished_at = clock.business_now(), None
    return Retried(job_id)
