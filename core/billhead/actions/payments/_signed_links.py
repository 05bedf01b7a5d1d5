"""Addresses that prove themselves: signed, for one document and one purpose alone, and they end."""

import hmac
import re
from datetime import UTC, datetime

from billhead import clock
from billhead.domain.errors import NotFound
from billhead.plugin_host import vault

__all__ = ["read_signed", "signed_link"]

_SIGNED = 32
_TOKEN = re.compile(r"([0-9]{1,18})-([0-9]{1,12})-([0-9a-f]{32})")


def signed_link(purpose: str, document_id: int, ends_at: datetime) -> str:
    """The part of the address that proves it. It holds nothing about whose the document is."""
    until = int(ends_at.timestamp())
    return f"{document_id}-{until}-{vault().digests(_signed_text(purpose, document_id, until))[0][:_SIGNED]}"


def read_signed(purpose: str, token: str) -> int:
    """The document's id. Raises NotFound for one that is forged, mistyped or over: nobody learns which."""
    found = _TOKEN.fullmatch(token)
    if found is not None:
        document_id, until = int(found[1]), int(found[2])
        signatures = vault().digests(_signed_text(purpose, document_id, until))
        genuine = any(hmac.compare_digest(one[:_SIGNED], found[3]) for one in signatures)
        if genuine and clock.business_now() < datetime.fromtimestamp(until, UTC):
            return document_id
    raise NotFound("link", "of this address")


def _signed_text(purpose: str, document_id: int, until: int) -> str:
    return f"{purpose}:{document_id}:{until}"
