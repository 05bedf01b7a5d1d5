"""OpenID Connect with one provider: what it publishes, the way there with PKCE, and what its token proves.

Signatures are checked by joserfc; which claims must hold is said here. Nothing of this touches the database.
"""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from numbers import Real
from typing import Any
from urllib.parse import urlencode, urlsplit

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from billhead import clock
from billhead.domain.errors import InvalidInput, NotAllowed, PanelUnreachable
from billhead.plugin import HttpClient

__all__ = ["Issued", "Proven", "check_issuer", "discover", "exchange_code", "refused", "way_there"]

_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]
"""Signed with the provider's private key only: none of "none", and no HMAC that whoever knows a secret could make."""

_LEEWAY = 60  # seconds that two clocks may differ
_OLDEST = 600  # a token is for the sign-in that asked for it
_NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_LARGEST = 512 * 1024


@dataclass(frozen=True, slots=True)
class Issued:
    """The provider as it was asked: `known` is what it publishes, with its `jwks`."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    known: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Proven:
    """`email` is "" where the provider does not say that it is verified."""

    subject: str
    email: str
    known: Mapping[str, Any] = field(default_factory=dict, repr=False)


def refused(why: str) -> NotAllowed:
    """The same words for the person whatever is wrong; `why` is for the audit trail and the log."""
    return NotAllowed("Signing in there did not work.", hint="try again, or sign in with your password", code=why)


def check_issuer(issuer: str) -> str:
    """https alone, but for a provider on this machine. Raises InvalidInput."""
    at = urlsplit(issuer)
    near = at.hostname in ("127.0.0.1", "localhost", "::1")
    if not at.hostname or at.scheme not in ("https", "http") or (at.scheme == "http" and not near):
        raise InvalidInput("issuer", "must be an address with https", hint="as the provider calls its issuer")
    if at.query or at.fragment:
        raise InvalidInput("issuer", "has nothing after ? or #")
    return issuer.rstrip("/")


def discover(issuer: str) -> dict[str, Any]:
    """What the provider publishes, with its keys. Raises PanelUnreachable, or NotAllowed where it names another."""
    far = HttpClient("the sign-in provider", timeout_seconds=10, largest=_LARGEST)
    try:
        told = _object(far, f"{issuer}/.well-known/openid-configuration")
        if str(told.get("issuer", "")).rstrip("/") != issuer:
            raise refused("other_issuer")
        found = {name: check_issuer(str(told.get(name, ""))) for name in _NEEDED}
        keys = _object(far, found["jwks_uri"])
    except InvalidInput as wrong:
        raise refused("endpoints") from wrong
    finally:
        far.close()
    return {**found, "jwks": keys}


def way_there(provider: Issued, redirect_uri: str, state: str, nonce: str, verifier: str) -> str:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "response_type": "code", "client_id": provider.client_id, "redirect_uri": redirect_uri,
        "scope": "openid email", "state": state, "nonce": nonce, "code_challenge": challenge,
        "code_challenge_method": "S256",
    }  # fmt: skip
    at = provider.known["authorization_endpoint"]
    return f"{at}{'&' if '?' in at else '?'}{urlencode(asked)}"


def exchange_code(provider: Issued, code: str, redirect_uri: str, nonce: str, verifier: str) -> Proven:
    """Raises NotAllowed for whatever does not prove who it is, PanelUnreachable where nobody answers."""
    far = HttpClient("the sign-in provider", timeout_seconds=10, largest=_LARGEST)
    sent = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri, "code_verifier": verifier,
        "client_id": provider.client_id, "client_secret": provider.client_secret,
    }  # fmt: skip
    try:
        answer = far.read(provider.known["token_endpoint"], method="POST", data=sent)
    finally:
        far.close()
    token = (answer.json_object() or {}).get("id_token") if answer.status == 200 else None
    if not isinstance(token, str) or len(answer.body) > _LARGEST:
        raise refused("no_token")
    known = provider.known
    claims = _claims(token, known)
    if claims is None:  # keys change: they are asked for once more
        known = discover(provider.issuer)
        claims = _claims(token, known)
    if claims is None:
        raise refused("signature")
    _check(claims, provider, nonce)
    verified = claims.get("email_verified") in (True, "true")
    email = str(claims.get("email", "")).strip().lower() if verified else ""
    return Proven(str(claims["sub"]), email, known)


def _claims(token: str, known: Mapping[str, Any]) -> dict[str, Any] | None:
    """None where no key of the provider has signed it."""
    try:
        keys = KeySet.import_key_set(known["jwks"])
        return dict(jwt.decode(token, keys, algorithms=_ALGORITHMS).claims)
    except (JoseError, ValueError, KeyError, TypeError):
        return None


def _check(claims: Mapping[str, Any], provider: Issued, nonce: str) -> None:
    now = int(clock.now().timestamp())
    audience = claims.get("aud")
    meant = audience if isinstance(audience, list) else [audience]
    times = [int(claims[name]) for name in ("exp", "iat") if _is_number(claims.get(name))]
    if len(times) != 2:
        raise refused("times")
    expires, issued = times
    for holds, why in (
        (str(claims.get("iss", "")).rstrip("/") == provider.issuer, "issuer"),
        (provider.client_id in meant, "audience"),
        (len(meant) == 1 or claims.get("azp") == provider.client_id, "authorized_party"),
        (expires > now - _LEEWAY, "expired"),
        (now - _OLDEST < issued < now + _LEEWAY, "issued"),
        (secrets.compare_digest(str(claims.get("nonce", "")), nonce), "nonce"),
        (isinstance(claims.get("sub"), str) and 0 < len(str(claims["sub"])) <= 255, "subject"),
    ):
        if not holds:
            raise refused(why)


def _is_number(value: Any) -> bool:
    """Whole seconds, or with a fraction, as JSON has them."""
    return not isinstance(value, bool) and isinstance(value, Real) and isfinite(value)


def _object(far: HttpClient, url: str) -> dict[str, Any]:
    answer = far.read(url)
    told = answer.json_object() if answer.status == 200 and len(answer.body) <= _LARGEST else None
    if told is None:
        raise PanelUnreachable("the sign-in provider does not publish what it must")
    return told
