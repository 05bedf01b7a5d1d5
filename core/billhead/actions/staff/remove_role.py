"""A role that nobody has any more goes."""

from sqlalchemy import select

from billhead.actions.staff._standing import ALL, role_of
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict
from billhead.models.people import User

__all__ = ["remove_role"]


@verb("staff.remove_role", permission="staff.write")
def remove_role(tx: Tx, role_id: int) -> None:
    """Raises Conflict while somebody has it, and for the owners'."""
    role = role_of(tx, role_id)
    if ALL in role.permissions:
        raise Conflict("The role of the owners stays.")
    if tx.session.scalar(select(User.id).where(User.staff_role_id == role_id).limit(1)) is not None:
        raise Conflict("Somebody has this role.", hint="give them another one first")
    tx.session.delete(role)
