"""Take the second step of somebody away who has lost it: done by another person, who says why."""

from sqlalchemy import delete

from billhead.actions.accounts._telling import tell_change
from billhead.actions.staff._standing import staff_member
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.context import Role
from billhead.domain.errors import NotAllowed, NotFound
from billhead.models.people import User, UserSession
from billhead.models.sign_in import CodeApp, HalfSignIn, LinkedIdentity, Passkey, RecoveryCode

__all__ = ["reset_second_step"]


@verb("sign_in.reset_second_step")
def reset_second_step(tx: Tx, user_id: int) -> None:
    """App, passkeys, recovery codes, links to a provider and sessions go; the person is told. For staff it needs
    staff.write and everything that they may, for others customers.write. Raises NotAllowed, also for oneself."""
    user = tx.session.get(User, user_id)
    if user is None:
        raise NotFound("login", user_id)
    needed = "staff.write" if user.role == Role.STAFF.value else "customers.write"
    if not tx.ctx.may(needed):
        raise NotAllowed(f"{tx.ctx.actor} may not take a second step away: it needs {needed}")
    if tx.ctx.user_id == user_id:
        raise NotAllowed("Somebody else takes your second step away; you remove it on your own security page.")
    if user.role == Role.STAFF.value:
        staff_member(tx, user_id)
    for table in (CodeApp, Passkey, RecoveryCode, LinkedIdentity, HalfSignIn, UserSession):
        tx.session.execute(delete(table).where(table.user_id == user_id))
    note(tx, f"user:{user_id}")
    tell_change(tx, user, "two_step_reset")
