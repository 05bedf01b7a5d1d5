"""The job that cuts whoever watches on a line."""

from sqlalchemy.orm import Session

from billhead.bulk import how_many
from billhead.models.operations import Job

__all__ = ["cut_key", "is_being_cut"]


def cut_key(service_id: int) -> str:
    return f"cut:{service_id}"


def is_being_cut(session: Session, service_id: int) -> bool:
    """Whether it is still to do."""
    return how_many(session, Job.key == cut_key(service_id), Job.state.in_(("queued", "running"))) > 0
