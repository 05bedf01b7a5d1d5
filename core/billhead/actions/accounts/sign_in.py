"""Sign in: the try is counted before the password is looked at, so that guessing in parallel gains nothing."""

from dataclasses import dataclass, field

from sqlalchemy import delete, select

from billhead.actions.accounts._entering import SignedIn, enter, refuse_disabled
from billhead.actions.accounts._passwords import check_password
from billhead.actions.accounts._tokens import Browser, attempt_keys, forget_attempts, new_half
from billhead.actions.accounts._tries import count_try
from billhead.actions.exchange import exchange
from billhead.actions.sign_in._second_step import has_second_step
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import NotAllowed
from billhead.models.people import LoginAttempt, User

__all__ = ["HalfSignedIn", "SignedIn", "sign_in"]

TRIES_PER_ACCOUNT = 6
TRIES_PER_ADDRESS = 60


@dataclass(frozen=True, slots=True)
class HalfSignedIn:
    """The password was right; the second step is still owed, and nothing is open yet."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Claim:
    user_id: int | None
    counted: tuple[int, ...]
    password_hash: str = field(repr=False)


def sign_in(ctx: Context, seller_id: int, email: str, password: str, browser: Browser) -> SignedIn | HalfSignedIn:
    """Open a session for who knows the password, or a half-way sign-in where a second step is asked for.

    Raises NotAllowed: `wrong_credentials`, `locked_out` after too many tries from one address or for one account, or
    `login_disabled` with what staff say of it: to who knows the password alone.
    """
    email = email.strip().lower()

    def intend(tx: Tx) -> _Claim:
        limits = zip(attempt_keys(seller_id, email, browser.ip), (TRIES_PER_ACCOUNT, TRIES_PER_ADDRESS), strict=True)
        counted = tuple(count_try(tx, key, limit) for key, limit in limits)
        user = tx.session.scalar(select(User).where(User.seller_id == seller_id, User.email == email))
        if user is None or (user.disabled and not user.disabled_because):
            return _Claim(None, counted, "")
        return _Claim(user.id, counted, user.password_hash)

    def call(claim: _Claim) -> None:
        check_password(claim.password_hash, password)

    def record(tx: Tx, claim: _Claim, _answer: None) -> SignedIn | HalfSignedIn:
        user = tx.session.get_one(User, claim.user_id, with_for_update=True)  # not beside a change of the password
        if user.password_hash != claim.password_hash:
            raise NotAllowed("The e-mail address or the password is wrong.", code="wrong_credentials")
        refuse_disabled(user)
        forget_attempts(tx, seller_id, email)
        tx.session.execute(delete(LoginAttempt).where(LoginAttempt.id.in_(claim.counted)))
        if not has_second_step(tx.session, user.id):
            return enter(tx, user, browser, "password")
        audit(tx, "accounts.first_step", f"user:{user.id}", {"ip": browser.ip})
        return HalfSignedIn(new_half(tx, user.id))

    signed_in = exchange(ctx, intend=intend, call=call, record=record)
    assert signed_in is not None, "intend raises or returns a claim"
    return signed_in
