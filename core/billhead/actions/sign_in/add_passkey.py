"""A passkey for the login that acts: what the browser is asked, and the answer."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from webauthn import base64url_to_bytes, generate_registration_options, options_to_json, verify_registration_response
from webauthn.helpers import bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from billhead import clock
from billhead.actions.accounts._telling import tell_change
from billhead.actions.sign_in._names import checked_name
from billhead.actions.sign_in._passkeys import (
    answered_challenge,
    house,
    new_challenge,
    refused_passkey,
    spend_challenge,
)
from billhead.actions.sign_in._second_step import acting_user
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import Conflict
from billhead.models.people import User
from billhead.models.sellers import Seller
from billhead.models.sign_in import Passkey

__all__ = ["add_passkey", "preview_add_passkey"]

_MOST = 20
_TRANSPORTS = frozenset({"usb", "nfc", "ble", "smart-card", "hybrid", "internal"})


def preview_add_passkey(session: Session, user_id: int) -> str:
    """What the browser is asked, as JSON; "" where this installation can have no passkeys."""
    ours = house()
    if ours is None:
        return ""
    user = session.get_one(User, user_id)
    known = session.scalars(select(Passkey.credential_id).where(Passkey.user_id == user_id))
    options = generate_registration_options(
        rp_id=ours.host,
        rp_name=session.get_one(Seller, user.seller_id).name,
        user_id=f"login:{user_id}".encode(),
        user_name=user.email,
        user_display_name=user.email,
        challenge=new_challenge(_purpose(user_id)).encode(),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.PREFERRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=base64url_to_bytes(one)) for one in known],
    )
    return options_to_json(options)


@verb("sign_in.add_passkey")
def add_passkey(tx: Tx, name: str, answer: str) -> None:
    """`answer` is the browser's, as JSON. Raises InvalidInput (`name`), NotAllowed (no answer to what we asked)."""
    user, ours = acting_user(tx), house()
    given = answered_challenge(answer, _purpose(user.id))
    if ours is None:
        raise refused_passkey()
    try:
        made = verify_registration_response(
            credential=given.told,
            expected_challenge=given.challenge.encode(),
            expected_rp_id=ours.host,
            expected_origin=ours.origin_of(given.origin),
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise refused_passkey() from error
    spend_challenge(tx, given.challenge)
    rows = tx.session.scalars(select(Passkey.id).where(Passkey.user_id == user.id)).all()
    if len(rows) >= _MOST:
        raise Conflict(f"There are {_MOST} passkeys already.", hint="remove one that you do not use")
    row = Passkey(
        user_id=user.id,
        credential_id=bytes_to_base64url(made.credential_id),
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        name=checked_name(name),
        transports=_transports(given.told),
        created_at=clock.now(),
    )
    try:
        with tx.session.begin_nested():
            tx.session.add(row)
    except IntegrityError as error:
        raise Conflict("This passkey is registered already.") from error
    note(tx, f"user:{user.id}", passkey=row.name)
    tell_change(tx, user, "passkey_added")


def _purpose(user_id: int) -> str:
    return f"register:{user_id}"


def _transports(told: dict[str, Any]) -> list[str]:
    given = told.get("response", {}).get("transports") or []
    return sorted(_TRANSPORTS & {one for one in given if isinstance(one, str)})
