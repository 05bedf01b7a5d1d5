"""Whether customers of a seller can write to anybody."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.models.support import Department

__all__ = ["answers"]


def answers(session: Session, seller_id: int) -> bool:
    """There is a department that takes new tickets."""
    open_now = select(Department.id).where(Department.seller_id == seller_id, Department.retired.is_(False))
    return session.scalar(open_now.limit(1)) is not None
