"""The ways into a login: what was opened with it, and what somebody else may have set up."""

from sqlalchemy import delete, func, select

from billhead import clock
from billhead.db import Tx
from billhead.models.people import OneTimeToken, User, UserSession
from billhead.models.sign_in import CodeApp, HalfSignIn, KnownDevice, Passkey, RecoveryCode

__all__ = ["end_ways_in", "forget_ways_in"]


def end_ways_in(tx: Tx, user: User) -> int:
    """Sessions, mailed links and sign-ins that are half done end; how many sessions there were."""
    open_now = select(func.count()).where(UserSession.user_id == user.id, UserSession.expires_at > clock.now())
    ended = int(tx.session.scalar(open_now) or 0)
    _delete(tx, user, UserSession, OneTimeToken, HalfSignIn)
    return ended


def forget_ways_in(tx: Tx, user: User) -> None:
    """Also the password, second steps and passkeys; who it is at a provider stays."""
    user.password_hash = ""
    end_ways_in(tx, user)
    _delete(tx, user, CodeApp, Passkey, RecoveryCode, KnownDevice)


def _delete(tx: Tx, user: User, *tables: type[UserSession | OneTimeToken | HalfSignIn | CodeApp | Passkey
                                              | RecoveryCode | KnownDevice]) -> None:  # fmt: skip
    for table in tables:
        tx.session.execute(delete(table).where(table.user_id == user.id))
