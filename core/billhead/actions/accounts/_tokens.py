"""Tokens that people hold (in a cookie, in a mailed link) while the database knows their hash alone."""

import hashlib
import secrets
from datetime import timedelta

from sqlalchemy import delete

from billhead import clock
from billhead.db import Tx
from billhead.domain.context import Role
from billhead.models.people import LoginAttempt, OneTimeToken, User, UserSession

__all__ = ["attempt_keys", "forget_attempts", "hash_of", "new_link", "open_session"]

_SESSION_LASTS = {Role.STAFF.value: timedelta(hours=12)}
_OTHER_SESSIONS_LAST = timedelta(days=30)


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def open_session(tx: Tx, user: User, ip: str, user_agent: str) -> str:
    """A new signed-in browser; returns the token for its cookie."""
    token = secrets.token_urlsafe(32)
    started = clock.now()
    row = UserSession(
        user_id=user.id,
        token_hash=hash_of(token),
        created_at=started,
        expires_at=started + _SESSION_LASTS.get(user.role, _OTHER_SESSIONS_LAST),
        ip=ip[:64],
        user_agent=user_agent[:300],
    )
    tx.session.add(row)
    tx.session.flush()
    return token


def new_link(tx: Tx, user_id: int, purpose: str, lasts: timedelta) -> str:
    """A one-time token for a link; earlier ones for the same purpose end."""
    tx.session.execute(delete(OneTimeToken).where(OneTimeToken.user_id == user_id, OneTimeToken.purpose == purpose))
    token = secrets.token_urlsafe(32)
    row = OneTimeToken(user_id=user_id, purpose=purpose, token_hash=hash_of(token), expires_at=clock.now() + lasts)
    tx.session.add(row)
    tx.session.flush()
    return token


def attempt_keys(seller_id: int, email: str, ip: str) -> tuple[str, str]:
    """Under which keys failed sign-ins are counted: the account, and the address that they come from."""
    return f"account:{seller_id}:{email}", f"ip:{ip}"


def forget_attempts(tx: Tx, seller_id: int, email: str) -> None:
    tx.session.execute(delete(LoginAttempt).where(LoginAttempt.key == attempt_keys(seller_id, email, "")[0]))
