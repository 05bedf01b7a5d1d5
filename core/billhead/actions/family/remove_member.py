"""A family login ends. Its row stays, since the trail names it; password, second step, links and sessions go."""

from sqlalchemy import delete

from billhead.actions.family._rows import own_member
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.models.people import OneTimeToken, UserSession
from billhead.models.sign_in import CodeApp, HalfSignIn, LinkedIdentity, Passkey, RecoveryCode

__all__ = ["remove_member"]


@verb("family.remove")
def remove_member(tx: Tx, user_id: int) -> None:
    """Raises NotFound."""
    user = own_member(tx, user_id)
    user.disabled, user.permissions, user.password_hash = True, [], ""
    for table in (CodeApp, Passkey, RecoveryCode, LinkedIdentity, HalfSignIn, UserSession, OneTimeToken):
        tx.session.execute(delete(table).where(table.user_id == user_id))
    note(tx, f"customer:{user.customer_id}", email=user.email)
