"""Sign in by a passkey alone: the device has asked for a finger, face or PIN, so that it is two steps in one."""

from sqlalchemy import delete, select
from webauthn import generate_authentication_options, options_to_json
from webauthn.helpers.structs import UserVerificationRequirement

from billhead import clock
from billhead.actions.accounts._entering import AtHomeElsewhere, SignedIn, elsewhere, enter, refuse_disabled
from billhead.actions.accounts._tokens import Browser
from billhead.actions.accounts._tries import count_try
from billhead.actions.exchange import exchange
from billhead.actions.shops._face import logins_at
from billhead.actions.sign_in._passkeys import (
    ALONE,
    answered_challenge,
    check_answer,
    house,
    new_challenge,
    refused_passkey,
    spend_challenge,
)
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.models.people import LoginAttempt, User
from billhead.models.sign_in import Passkey

__all__ = ["preview_sign_in_by_passkey", "sign_in_by_passkey"]

_TRIES_PER_ADDRESS = 60


def preview_sign_in_by_passkey() -> str:
    """What any browser is asked, as JSON; "" where this installation can have no passkeys."""
    ours = house()
    if ours is None:
        return ""
    options = generate_authentication_options(
        rp_id=ours.host,
        challenge=new_challenge(ALONE).encode(),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json(options)


def sign_in_by_passkey(ctx: Context, seller_id: int, answer: str, browser: Browser) -> SignedIn | AtHomeElsewhere:
    """Raises NotAllowed (`wrong_passkey`, `locked_out`), with the same words whatever is wrong, or `login_disabled`."""

    def intend(tx: Tx) -> int:
        return count_try(tx, f"passkey:{browser.ip}", _TRIES_PER_ADDRESS)

    def record(tx: Tx, counted: int, _answer: None) -> SignedIn | AtHomeElsewhere:
        given = answered_challenge(answer, ALONE)
        row = tx.session.scalar(select(Passkey).where(Passkey.credential_id == given.credential_id).with_for_update())
        user = tx.session.get(User, row.user_id) if row is not None else None
        if row is None or user is None or user not in logins_at(tx.session, seller_id, user.email):
            raise refused_passkey()
        count = check_answer(given, row, verified=True)
        refuse_disabled(user)
        spend_challenge(tx, given.challenge)
        tx.session.execute(delete(LoginAttempt).where(LoginAttempt.id == counted))
        row.sign_count, row.last_used_at = count, clock.now()
        return elsewhere(tx, user, seller_id) or enter(tx, user, browser, "passkey")

    signed_in = exchange(ctx, intend=intend, call=lambda _counted: None, record=record)
    assert signed_in is not None, "intend raises or returns"
    return signed_in
