"""Somebody of staff is signed out everywhere."""

from sqlalchemy import delete

from billhead.actions.staff._standing import staff_member
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.models.people import UserSession

__all__ = ["end_sessions_of"]


@verb("staff.end_sessions", permission="staff.write")
def end_sessions_of(tx: Tx, user_id: int) -> None:
    user = staff_member(tx, user_id)
    tx.session.execute(delete(UserSession).where(UserSession.user_id == user.id))
    note(tx, f"user:{user.id}")
