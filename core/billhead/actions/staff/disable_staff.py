"""Somebody of staff comes in no more, or again. What they have done stays under their name."""

from sqlalchemy import delete

from billhead.actions.staff._standing import check_owner_left, staff_member
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.models.people import OneTimeToken, UserSession

__all__ = ["disable_staff"]


@verb("staff.disable", permission="staff.write")
def disable_staff(tx: Tx, user_id: int, disabled: bool = True) -> None:
    """Sessions and mailed links end at once. Raises NotAllowed for who may more than oneself, Conflict (last owner)."""
    user = staff_member(tx, user_id)
    user.disabled = disabled
    if disabled:
        tx.session.execute(delete(UserSession).where(UserSession.user_id == user.id))
        tx.session.execute(delete(OneTimeToken).where(OneTimeToken.user_id == user.id))
    check_owner_left(tx)
    note(tx, f"user:{user.id}", email=user.email, disabled=disabled)
