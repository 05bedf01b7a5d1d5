"""Somebody of staff has another role from now on; permissions of their own, from before there were roles, go."""

from billhead.actions.staff._standing import check_owner_left, role_of, staff_member
from billhead.actions.verb import note, verb
from billhead.db import Tx

__all__ = ["set_staff_role"]


@verb("staff.set_role", permission="staff.write")
def set_staff_role(tx: Tx, user_id: int, role_id: int) -> None:
    """It holds at their next click. Raises NotAllowed for who or what may more than oneself, Conflict (last owner)."""
    role, user = role_of(tx, role_id), staff_member(tx, user_id)
    user.staff_role_id, user.permissions = role.id, []
    check_owner_left(tx)
    note(tx, f"user:{user.id}", role=role.name)
