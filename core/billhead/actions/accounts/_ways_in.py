"""All ways into a login, where somebody else may have set them up."""

from sqlalchemy import delete

from billhead.db import Tx
from billhead.models.people import OneTimeToken, User, UserSession
from billhead.models.sign_in import CodeApp, HalfSignIn, KnownDevice, Passkey, RecoveryCode

__all__ = ["forget_ways_in"]


def forget_ways_in(tx: Tx, user: User) -> None:
    """Password, second steps, passkeys, sessions and mailed links; who it is at a provider stays."""
    user.password_hash = ""
    for table in (CodeApp, Passkey, RecoveryCode, KnownDevice, HalfSignIn, UserSession, OneTimeToken):
        tx.session.execute(delete(table).where(table.user_id == user.id))
