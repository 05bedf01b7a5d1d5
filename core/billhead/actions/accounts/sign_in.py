"""Sign in: the try is counted before the password is looked at, so that guessing in parallel gains nothing."""

from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import delete, func, select

from billhead import clock
from billhead.actions.accounts._passwords import check_password
from billhead.actions.accounts._tokens import attempt_keys, forget_attempts, open_session
from billhead.actions.exchange import exchange
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import NotAllowed
from billhead.models.people import LoginAttempt, User

__all__ = ["SignedIn", "sign_in"]

WINDOW = timedelta(minutes=15)
TRIES_PER_ACCOUNT = 6
TRIES_PER_ADDRESS = 60


@dataclass(frozen=True, slots=True)
class SignedIn:
    user_id: int
    role: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Claim:
    user_id: int | None
    counted: tuple[int, ...]
    password_hash: str = field(repr=False)


def sign_in(ctx: Context, seller_id: int, email: str, password: str, *, ip: str, user_agent: str) -> SignedIn:
    """Open a session for who knows the password.

    Raises NotAllowed: `wrong_credentials`, or `locked_out` after too many tries from one address or for one account.
    """
    email = email.strip().lower()

    def intend(tx: Tx) -> _Claim:
        limits = zip(attempt_keys(seller_id, email, ip), (TRIES_PER_ACCOUNT, TRIES_PER_ADDRESS), strict=True)
        counted = tuple(_count(tx, key, limit) for key, limit in limits)
        user = tx.session.scalar(select(User).where(User.seller_id == seller_id, User.email == email))
        if user is None or user.disabled:
            return _Claim(None, counted, "")
        if user.locked_until is not None and user.locked_until > clock.now():
            raise _locked()
        return _Claim(user.id, counted, user.password_hash)

    def call(claim: _Claim) -> None:
        check_password(claim.password_hash, password)

    def record(tx: Tx, claim: _Claim, _answer: None) -> SignedIn:
        user = tx.session.get_one(User, claim.user_id)
        forget_attempts(tx, seller_id, email)
        tx.session.execute(delete(LoginAttempt).where(LoginAttempt.id.in_(claim.counted)))
        audit(tx, "accounts.sign_in", f"user:{user.id}", {"ip": ip})
        return SignedIn(user.id, user.role, open_session(tx, user, ip, user_agent))

    signed_in = exchange(ctx, intend=intend, call=call, record=record)
    assert signed_in is not None, "intend raises or returns a claim"
    return signed_in


def _count(tx: Tx, key: str, limit: int) -> int:
    """Count one more try, and forget those that no longer matter; returns the row's id."""
    at = clock.now()
    tx.session.execute(delete(LoginAttempt).where(LoginAttempt.key == key, LoginAttempt.at <= at - WINDOW))
    tries = select(func.count()).select_from(LoginAttempt).where(LoginAttempt.key == key)
    if int(tx.session.scalar(tries) or 0) >= limit:
        raise _locked()
    row = LoginAttempt(key=key, at=at)
    tx.session.add(row)
    tx.session.flush()
    return row.id


def _locked() -> NotAllowed:
    return NotAllowed(
        "Too many tries. Wait 15 minutes, or set a new password.",
        code="locked_out",
        hint="a link to set a new password lifts the lock at once",
    )
