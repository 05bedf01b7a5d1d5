"""Proves that a callback is Stripe's: `Stripe-Signature: t=UNIX,v1=HEX[,v1=…]` over the instant and the raw bytes.

Freshness is judged by when the callback came, not by when it is read, and a signature from the future is refused too.
"""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from billhead.plugin import CallbackForged, RawCallback

__all__ = ["TOLERANCE", "prove"]

TOLERANCE = timedelta(seconds=300)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SIGNATURES_READ = 10


def prove(raw: RawCallback, secrets: Sequence[str]) -> None:
    """Raises CallbackForged unless the body was signed with one of the secrets at about the time when it came."""
    instant, given = _read(raw.headers.get("stripe-signature", ""))
    signed = instant.encode() + b"." + raw.body
    expected = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets if secret]
    fits = [hmac.compare_digest(mine.encode(), theirs) for mine in expected for theirs in given]
    if not any(fits):
        raise CallbackForged("the signature does not fit", hint="compare the signing secret with the endpoint's")
    away = abs(raw.received_at - (_EPOCH + timedelta(seconds=int(instant))))
    if away > TOLERANCE:
        raise CallbackForged(f"it was signed {away} away from its arrival; {TOLERANCE} are allowed")


def _read(header: str) -> tuple[str, list[bytes]]:
    instant, given = "", []
    for part in header.split(","):
        name, _, value = part.strip().partition("=")
        if name == "t" and not instant:
            instant = value
        elif name == "v1":
            given.append(value.encode())
    if not (instant.isascii() and instant.isdecimal() and len(instant) <= 10 and given):
        raise CallbackForged("there is no Stripe-Signature of the form t=…,v1=…")
    return instant, given[:_SIGNATURES_READ]
