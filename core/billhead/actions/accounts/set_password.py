"""Set a password: by a mailed link, or as a signed-in person who knows the old one. Other sessions end."""

from dataclasses import dataclass, field

from sqlalchemy import delete

from billhead.actions import tries
from billhead.actions.accounts._links import PURPOSE
from billhead.actions.accounts._passwords import check_password, checked_new_password, hashed
from billhead.actions.accounts._telling import tell_change
from billhead.actions.accounts._tokens import forget_attempts, mailed_link
from billhead.actions.accounts._tries import count_try
from billhead.actions.exchange import exchange
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import InvalidInput, NotAllowed
from billhead.models.people import OneTimeToken, User, UserSession
from billhead.models.sign_in import HalfSignIn

__all__ = ["ByLink", "ByOldPassword", "set_password"]

_TRIES = 6


@dataclass(frozen=True, slots=True)
class ByLink:
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ByOldPassword:
    """`keep_session` is the browser in which this is done: it stays signed in."""

    user_id: int
    old: str = field(repr=False)
    keep_session: int | None = None


@dataclass(frozen=True, slots=True)
class _Claim:
    user_id: int
    stored: str = field(repr=False)


def set_password(ctx: Context, proof: ByLink | ByOldPassword, password: str) -> None:
    """Raises Conflict (the link was used or is too old), InvalidInput (`old`, or the new one is too weak), NotAllowed
    (`locked_out`: the old one was guessed at). What was half-way signed in by the old one ends, as do mailed links."""

    def intend(tx: Tx) -> _Claim:
        user_id = proof.user_id if isinstance(proof, ByOldPassword) else _link(tx, proof).user_id
        user = tx.session.get_one(User, user_id)
        checked_new_password(password, user.email)
        if isinstance(proof, ByOldPassword):
            count_try(tx, _key(user_id), _TRIES)
        return _Claim(user.id, user.password_hash)

    def call(claim: _Claim) -> str:
        if isinstance(proof, ByOldPassword):
            try:
                check_password(claim.stored, proof.old)
            except NotAllowed as wrong:
                raise InvalidInput("old", "this is not your present password") from wrong
        return hashed(password)

    def record(tx: Tx, claim: _Claim, password_hash: str) -> None:
        if isinstance(proof, ByLink):
            _link(tx, proof)
        user = tx.session.get_one(User, claim.user_id, with_for_update=True)
        if isinstance(proof, ByOldPassword) and user.password_hash != claim.stored:
            raise InvalidInput("old", "this is not your present password")  # a mailed link was faster
        user.password_hash = password_hash
        ended = delete(UserSession).where(UserSession.user_id == user.id)
        kept = proof.keep_session if isinstance(proof, ByOldPassword) else None
        tx.session.execute(ended if kept is None else ended.where(UserSession.id != kept))
        for table in (HalfSignIn, OneTimeToken):
            tx.session.execute(delete(table).where(table.user_id == user.id))
        forget_attempts(tx, user)
        tries.forget(tx, _key(user.id))
        if claim.stored:
            tell_change(tx, user, "password_changed")
        audit(tx, "accounts.set_password", f"user:{user.id}", {"by": type(proof).__name__})

    exchange(ctx, intend=intend, call=call, record=record)


def _key(user_id: int) -> str:
    return f"old_password:{user_id}"


def _link(tx: Tx, proof: ByLink) -> OneTimeToken:
    return mailed_link(tx.session, proof.token, PURPOSE, lock=True)
