"""The second step of a sign-in, after the password: a code of the app, a recovery code, or a passkey.

The try is counted before it is looked at: a half-way sign-in has five, and a login ten in a quarter of an hour, however
often its password is given.
"""

from dataclasses import dataclass, field

from sqlalchemy import select, update
from sqlalchemy.orm import Session
from webauthn import base64url_to_bytes, generate_authentication_options, options_to_json
from webauthn.helpers.structs import PublicKeyCredentialDescriptor, UserVerificationRequirement

from billhead import clock
from billhead.actions import tries
from billhead.actions.accounts._entering import SignedIn, enter
from billhead.actions.accounts._telling import tell_change
from billhead.actions.accounts._tokens import Browser, hash_of
from billhead.actions.accounts._tries import count_try, second_step_key
from billhead.actions.exchange import exchange
from billhead.actions.sign_in._codes import DIGITS, spend_app_code, spend_recovery_code, spoken
from billhead.actions.sign_in._passkeys import (
    answered_challenge,
    check_answer,
    house,
    new_challenge,
    refused_passkey,
    second_of,
    spend_challenge,
)
from billhead.actions.sign_in._second_step import Ways, ways_of
from billhead.bulk import rows_changed
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import Conflict, InvalidInput
from billhead.models.people import User
from billhead.models.sign_in import CodeApp, HalfSignIn, Passkey

__all__ = ["ByCode", "ByPasskey", "Owed", "pass_second_step", "preview_pass_second_step"]

TRIES_PER_HALF = 5
TRIES_PER_LOGIN = 10


@dataclass(frozen=True, slots=True)
class ByCode:
    """Of the app, or a recovery code: they can't be mistaken for each other."""

    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ByPasskey:
    answer: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Owed:
    """What this half-way sign-in may be finished by; `options` is what a browser is asked for a passkey, or ""."""

    ways: Ways
    options: str


def preview_pass_second_step(session: Session, token: str) -> Owed:
    """Raises Conflict when it has ended."""
    half = session.scalar(select(HalfSignIn).where(HalfSignIn.token_hash == hash_of(token)))
    if half is None or _has_ended(half):
        raise _ended()
    known = session.execute(select(Passkey.credential_id).where(Passkey.user_id == half.user_id)).scalars().all()
    ours, options = house(), ""
    if ours is not None and known:
        asked = generate_authentication_options(
            rp_id=ours.host,
            challenge=new_challenge(second_of(half.user_id)).encode(),
            allow_credentials=[PublicKeyCredentialDescriptor(id=base64url_to_bytes(one)) for one in known],
            user_verification=UserVerificationRequirement.PREFERRED,
        )
        options = options_to_json(asked)
    return Owed(ways_of(session, half.user_id), options)


def pass_second_step(ctx: Context, token: str, proof: ByCode | ByPasskey, browser: Browser) -> SignedIn:
    """Raises Conflict (`step_ended`: the password is asked for again), InvalidInput (`code`), NotAllowed."""

    def intend(tx: Tx) -> int:
        half = tx.session.scalar(select(HalfSignIn).where(HalfSignIn.token_hash == hash_of(token)).with_for_update())
        if half is None or _has_ended(half):
            raise _ended()
        count_try(tx, second_step_key(half.user_id), TRIES_PER_LOGIN)
        half.tries += 1
        return half.id

    def record(tx: Tx, half_id: int, _answer: None) -> SignedIn:
        half = tx.session.get_one(HalfSignIn, half_id)
        user = tx.session.get_one(User, half.user_id, with_for_update=True)
        if user.disabled:
            raise _ended()
        by = _by_code(tx, user, proof.code) if isinstance(proof, ByCode) else _by_passkey(tx, user, proof.answer)
        used = update(HalfSignIn).where(HalfSignIn.id == half_id, HalfSignIn.used_at.is_(None))
        spent = used.values(used_at=clock.now()).execution_options(synchronize_session=False)
        if not rows_changed(tx.session, spent):
            raise _ended()
        tries.forget(tx, second_step_key(user.id))
        return enter(tx, user, browser, by)

    signed_in = exchange(ctx, intend=intend, call=lambda _half: None, record=record)
    assert signed_in is not None, "intend raises or returns an id"
    return signed_in


def _by_code(tx: Tx, user: User, typed: str) -> str:
    code = spoken(typed)
    app = tx.session.get(CodeApp, user.id)
    if len(code) == DIGITS:
        if app is not None and app.confirmed_at is not None and spend_app_code(tx, app, code):
            return "password and code"
    elif spend_recovery_code(tx, user.id, code):
        tell_change(tx, user, "recovery_used")
        return "password and recovery code"
    raise InvalidInput("code", "this code is wrong, or was used already", code="wrong_code")


def _by_passkey(tx: Tx, user: User, answer: str) -> str:
    given = answered_challenge(answer, second_of(user.id))
    row = tx.session.scalar(select(Passkey).where(Passkey.credential_id == given.credential_id).with_for_update())
    if row is None or row.user_id != user.id:
        raise refused_passkey()
    count = check_answer(given, row, verified=False)
    spend_challenge(tx, given.challenge)
    row.sign_count, row.last_used_at = count, clock.now()
    return "password and passkey"


def _has_ended(half: HalfSignIn) -> bool:
    return half.used_at is not None or half.expires_at <= clock.now() or half.tries >= TRIES_PER_HALF


def _ended() -> Conflict:
    return Conflict("This sign-in took too long, or too many tries.", code="step_ended", hint="begin again")
