"""Lines that should be gone and are not: what was given up is tried again each night, also where no list shows them."""

from dataclasses import dataclass

from sqlalchemy import String, cast, literal, select

from billhead.actions.provisioning._queue import close_parked, queue_converge
from billhead.db import Tx
from billhead.models.operations import Job
from billhead.models.subscriptions import Service

__all__ = ["EndedAgain", "end_again"]


@dataclass(frozen=True, slots=True)
class EndedAgain:
    lines: int


def end_again(tx: Tx) -> EndedAgain:
    """Queue each line that nothing waits for any more; the job that gave it up is closed, so that it stands once."""
    job_of_it = Job.key == literal("converge:") + cast(Service.id, String)
    waits = select(Job.id).where(job_of_it, Job.state.in_(("queued", "running"))).exists()
    given_up = select(Service.id, Service.panel_id).where(Service.lifecycle == "unwanted", ~waits)
    lines = tx.session.execute(given_up.order_by(Service.id)).all()
    for service_id, panel_id in lines:
        close_parked(tx, service_id)
        queue_converge(tx, service_id, panel_id)
    return EndedAgain(len(lines))
