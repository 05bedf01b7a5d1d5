"""Call a job off: it is not run any more, and stays to be seen."""

from dataclasses import dataclass

from billhead.actions.jobs._chosen import CANCELABLE
from billhead.actions.long_work import call_off
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.models.operations import Job

__all__ = ["CalledOff", "cancel_job"]


@dataclass(frozen=True, slots=True)
class CalledOff:
    job_id: int


@verb("jobs.cancel", permission="jobs.write")
def cancel_job(tx: Tx, job_id: int) -> CalledOff:
    """Raises NotFound, or Conflict when it runs at this moment or has ended."""
    call_off(tx, Job, job_id, "job", CANCELABLE)
    return CalledOff(job_id)
