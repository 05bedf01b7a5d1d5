"""Passkeys (WebAuthn): whom we are to a browser, challenges that are answered once, and the check of an answer.

A challenge is signed and tells what it is for; it is not stored, so that nobody fills the database by opening the
sign-in page. Once answered its hash is kept for as long as it would hold.
"""

import hashlib
import ipaddress
import json
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from webauthn import base64url_to_bytes, verify_authentication_response
from webauthn.helpers.exceptions import WebAuthnException

from billhead import clock
from billhead.actions.accounts._tokens import hash_of
from billhead.db import Tx
from billhead.domain.errors import NotAllowed
from billhead.models.sign_in import Passkey, SpentChallenge
from billhead.plugin_host.current import config

__all__ = [
    "ALONE", "Answer", "House", "answered_challenge", "check_answer", "house", "new_challenge", "refused_passkey",
    "second_of", "spend_challenge",
]  # fmt: skip

ALONE = "alone"
"""What a challenge is for that a passkey answers with no password before it."""

_LASTS = timedelta(minutes=10)
_LONGEST = 20_000


@dataclass(frozen=True, slots=True)
class House:
    """Whom passkeys are made for: the name of the host, and where our pages come from."""

    host: str
    origin: str

    def origin_of(self, told: str) -> str:
        """`told` where it is a shop of ours under this name (`https://north.tv.example`), else our own origin."""
        ours, theirs = urlsplit(self.origin), urlsplit(told)
        below = (theirs.hostname or "").endswith(f".{self.host}")
        return told if below and (ours.scheme, ours.port) == (theirs.scheme, theirs.port) else self.origin


def house() -> House | None:
    """By the public address of the installation, never by what a request says. None where there can be no passkeys: an
    address without a name, or one that is not secure."""
    parts = urlsplit(config().base_url)
    name = parts.hostname or ""
    if parts.scheme != "https" and name != "localhost":
        return None
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return House(name, f"{parts.scheme}://{parts.netloc}") if name else None
    return None


def second_of(user_id: int) -> str:
    """What a challenge is for that is this login's second step."""
    return f"second:{user_id}"


def new_challenge(purpose: str) -> str:
    return str(_signer().dumps([purpose, secrets.token_urlsafe(16)]))


@dataclass(frozen=True, slots=True)
class Answer:
    told: dict[str, Any]
    challenge: str
    origin: str

    @property
    def credential_id(self) -> str:
        return str(self.told.get("id", ""))


def answered_challenge(answer: str, purpose: str) -> Answer:
    """The browser's answer and the challenge that it answers. Raises NotAllowed when that is not ours, is for something
    else, or is too old."""
    try:
        if len(answer) > _LONGEST:
            raise ValueError("too long")
        told: dict[str, Any] = json.loads(answer)
        if not str(told["id"]).isprintable():
            raise ValueError("no id of a passkey")
        client = json.loads(base64url_to_bytes(told["response"]["clientDataJSON"]))
        challenge = base64url_to_bytes(client["challenge"]).decode()
        meant, _ = _signer().loads(challenge, max_age=int(_LASTS.total_seconds()))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, BadSignature) as error:
        raise refused_passkey() from error
    if meant != purpose:
        raise refused_passkey()
    return Answer(told, challenge, str(client.get("origin", "")))


def check_answer(answer: Answer, row: Passkey, *, verified: bool) -> int:
    """Raises NotAllowed unless this passkey gave the answer, here; returns its new counter. `verified`: the device must
    have asked for a finger, face or PIN, because nothing else was asked."""
    ours = house()
    if ours is None:
        raise refused_passkey()
    try:
        done = verify_authentication_response(
            credential=answer.told,
            expected_challenge=answer.challenge.encode(),
            expected_rp_id=ours.host,
            expected_origin=ours.origin_of(answer.origin),
            credential_public_key=row.public_key,
            credential_current_sign_count=row.sign_count,
            require_user_verification=verified,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise refused_passkey() from error
    return done.new_sign_count


def spend_challenge(tx: Tx, challenge: str) -> None:
    """Raises NotAllowed when it was answered before; of two at once one is first."""
    at = clock.now()
    tx.session.execute(delete(SpentChallenge).where(SpentChallenge.at <= at - 2 * _LASTS))
    digest = hash_of(challenge)
    if tx.session.scalar(select(SpentChallenge.challenge_hash).where(SpentChallenge.challenge_hash == digest)):
        raise refused_passkey()
    try:
        with tx.session.begin_nested():
            tx.session.add(SpentChallenge(challenge_hash=digest, at=at))
    except IntegrityError as error:
        raise refused_passkey() from error


def refused_passkey() -> NotAllowed:
    return NotAllowed(
        "This passkey was not accepted.", code="wrong_passkey", hint="load the page again, or choose another way"
    )


def _signer() -> URLSafeTimedSerializer:
    newest, *former = config().secret_key.split()
    return URLSafeTimedSerializer(
        [*reversed(former), newest], salt="passkey", signer_kwargs={"digest_method": hashlib.sha256}
    )
