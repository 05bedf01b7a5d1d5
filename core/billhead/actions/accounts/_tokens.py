"""Tokens that people hold (in a cookie, in a mailed link) while the database knows their hash alone."""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions import tries
from billhead.actions.shops._face import home_of_login
from billhead.db import Tx
from billhead.domain.context import Role
from billhead.domain.errors import Conflict
from billhead.models.people import OneTimeToken, User, UserSession
from billhead.models.sign_in import HalfSignIn, KnownDevice

__all__ = [
    "NEW_EMAIL", "Browser", "account_key", "account_keys", "forget_attempts", "hash_of", "know", "link_ended",
    "mailed_link", "new_half", "new_link", "open_session",
]  # fmt: skip

NEW_EMAIL = "new_email"
"""The purpose of a link that confirms an address."""

_SESSION_LASTS = {Role.STAFF.value: timedelta(hours=12)}
_OTHER_SESSIONS_LAST = timedelta(days=30)
_HALF_LASTS = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Browser:
    """Where somebody signs in from. `mark` is what its cookie says by which it is known again; "" at the first time."""

    ip: str
    user_agent: str
    mark: str = field(default="", repr=False)


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def open_session(tx: Tx, user: User, browser: Browser) -> str:
    """A new signed-in browser; returns the token for its cookie."""
    token = secrets.token_urlsafe(32)
    started = clock.now()
    row = UserSession(
        user_id=user.id,
        token_hash=hash_of(token),
        created_at=started,
        last_seen_at=started,
        confirmed_at=started,
        expires_at=started + _SESSION_LASTS.get(user.role, _OTHER_SESSIONS_LAST),
        ip=browser.ip[:64],
        user_agent=browser.user_agent[:300],
    )
    tx.session.add(row)
    tx.session.flush()
    return token


def know(tx: Tx, user_id: int, browser: Browser) -> bool:
    """Remember that this login was used in this browser; True when it was in others before, and never in this one."""
    marks = set(tx.session.scalars(select(KnownDevice.token_hash).where(KnownDevice.user_id == user_id)))
    mine = hash_of(browser.mark)
    if not browser.mark or mine in marks:
        return bool(marks) and mine not in marks
    tx.session.add(KnownDevice(user_id=user_id, token_hash=mine, since=clock.now()))
    tx.session.flush()
    return bool(marks)


def new_half(tx: Tx, user_id: int) -> str:
    """Somebody owes the second step; earlier ones of this login that ran out are forgotten."""
    at = clock.now()
    tx.session.execute(delete(HalfSignIn).where(HalfSignIn.user_id == user_id, HalfSignIn.expires_at <= at))
    token = secrets.token_urlsafe(32)
    tx.session.add(HalfSignIn(user_id=user_id, token_hash=hash_of(token), expires_at=at + _HALF_LASTS))
    tx.session.flush()
    return token


def new_link(tx: Tx, user_id: int, purpose: str, lasts: timedelta, email: str = "") -> str:
    """A one-time token for a link; earlier ones for the same purpose end."""
    tx.session.execute(delete(OneTimeToken).where(OneTimeToken.user_id == user_id, OneTimeToken.purpose == purpose))
    token = secrets.token_urlsafe(32)
    ends = clock.now() + lasts
    tx.session.add(
        OneTimeToken(user_id=user_id, purpose=purpose, token_hash=hash_of(token), email=email, expires_at=ends)
    )
    tx.session.flush()
    return token


def mailed_link(session: Session, token: str, purpose: str, *, lock: bool = False) -> OneTimeToken:
    """Raises Conflict (`link_ended`): it was used, is too old, or was never mailed for this."""
    found = select(OneTimeToken).where(OneTimeToken.token_hash == hash_of(token), OneTimeToken.purpose == purpose)
    row = session.scalar(found.with_for_update() if lock else found)
    if row is None or row.expires_at <= clock.now():
        raise link_ended()
    return row


def link_ended() -> Conflict:
    return Conflict("This link was used already or is too old.", code="link_ended", hint="ask for a new one")


def account_key(seller_id: int, email: str) -> str:
    """Under which failed sign-ins at a seller's are counted, whether there is such an account or not."""
    return f"account:{seller_id}:{email}"


def account_keys(session: Session, user: User) -> list[str]:
    """All under which those of this login are: at its seller's, and where it is at home. No other's: whoever signs up
    somewhere with a stranger's e-mail address forgets no tries at that one's password."""
    return [account_key(one, user.email) for one in {user.seller_id, home_of_login(session, user)}]


def forget_attempts(tx: Tx, user: User) -> None:
    for key in account_keys(tx.session, user):
        tries.forget(tx, key)
