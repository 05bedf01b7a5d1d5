"""Proves that a callback is the processor's: `Sandbox-Signature: t=UNIX,v1=HEX` over the instant and the raw body."""

import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta

from billhead.plugin import CallbackForged, RawCallback

__all__ = ["TOLERANCE", "prove"]

TOLERANCE = timedelta(seconds=300)
"""How far the signature's instant may lie from ours, in the past (a replay) and in the future (a clock gone wrong)."""

_HEADER = re.compile(r"t=([0-9]{1,10}),v1=([0-9a-f]{64})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def prove(raw: RawCallback, secret: str) -> None:
    """Raises CallbackForged unless the body was signed with `secret` at about the time when it came."""
    header = _HEADER.fullmatch(raw.headers.get("sandbox-signature", ""))
    if header is None:
        raise CallbackForged("there is no Sandbox-Signature of the form t=…,v1=…")
    instant, given = header.groups()
    expected = hmac.new(secret.encode(), instant.encode() + b"." + raw.body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, given):
        raise CallbackForged("the signature does not fit", hint="compare the callback secret with the processor's")
    away = abs(raw.received_at - (_EPOCH + timedelta(seconds=int(instant))))
    if away > TOLERANCE:
        raise CallbackForged(f"it was signed {away} away from its arrival; {TOLERANCE} are allowed")
