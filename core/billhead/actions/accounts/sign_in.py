"""Sign in: the try is counted before the password is looked at, so that guessing in parallel gains nothing."""

from dataclasses import dataclass, field

from sqlalchemy import delete

from billhead.actions.accounts._entering import AtHomeElsewhere, HalfSignedIn, SignedIn, come_in, refuse_disabled
from billhead.actions.accounts._passwords import check_password
from billhead.actions.accounts._tokens import Browser, account_key, forget_attempts
from billhead.actions.accounts._tries import count_try
from billhead.actions.exchange import exchange
from billhead.actions.shops._face import logins_at, sellers_at
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import NotAllowed
from billhead.models.people import LoginAttempt, User

__all__ = ["sign_in"]

TRIES_PER_ACCOUNT = 6
TRIES_PER_ADDRESS = 60


@dataclass(frozen=True, slots=True)
class _Claim:
    """`logins`: (id, hash of the password); as many as there may be at this address, and (0, "") for each that is not,
    so that a wrong password takes as long whoever there is."""

    logins: tuple[tuple[int, str], ...] = field(repr=False)
    counted: tuple[int, ...]


def sign_in(
    ctx: Context, seller_id: int, email: str, password: str, browser: Browser
) -> SignedIn | HalfSignedIn | AtHomeElsewhere:
    """Open a session for who knows the password, or a half-way sign-in where a second step is asked for. Of two logins
    by one address at a reseller's shop (its own customer's, and a user's of the reseller) the password says which.

    Raises NotAllowed: `wrong_credentials`, `locked_out` after too many tries from one address or for one account, or
    `login_disabled` with what staff say of it: to who knows the password alone.
    """
    email = email.strip().lower()

    def intend(tx: Tx) -> _Claim:
        sellers = sellers_at(tx.session, seller_id)
        limits = {account_key(one, email): TRIES_PER_ACCOUNT for one in sellers} | {
            f"ip:{browser.ip}": TRIES_PER_ADDRESS
        }
        counted = tuple(count_try(tx, key, limit) for key, limit in limits.items())
        found = logins_at(tx.session, seller_id, email)
        there = [(user.id, user.password_hash) for user in found if not user.disabled or user.disabled_because]
        return _Claim((*there, *[(0, "")] * (len(sellers) - len(there))), counted)

    def record(tx: Tx, claim: _Claim, login: tuple[int, str]) -> SignedIn | HalfSignedIn | AtHomeElsewhere:
        user = tx.session.get_one(User, login[0], with_for_update=True)  # not beside a change of the password
        if user.password_hash != login[1]:
            raise NotAllowed("The e-mail address or the password is wrong.", code="wrong_credentials")
        refuse_disabled(user)
        forget_attempts(tx, user)
        tx.session.execute(delete(LoginAttempt).where(LoginAttempt.id.in_(claim.counted)))
        return come_in(tx, user, seller_id, browser, "password")

    signed_in = exchange(ctx, intend=intend, call=lambda claim: _whose(claim, password), record=record)
    assert signed_in is not None, "intend raises or returns a claim"
    return signed_in


def _whose(claim: _Claim, password: str) -> tuple[int, str]:
    *others, last = claim.logins
    for login in others:
        try:
            check_password(login[1], password)
        except NotAllowed:
            continue
        return login
    check_password(last[1], password)
    return last
