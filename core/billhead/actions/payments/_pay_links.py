"""A link to pay one document without signing in."""

from datetime import datetime, timedelta

from billhead.actions.payments._signed_links import read_signed, signed_link

__all__ = ["pay_link", "read_pay_link"]

_LIVES = timedelta(days=7)
_PURPOSE = "pay-link"


def pay_link(document_id: int, now: datetime) -> str:
    return signed_link(_PURPOSE, document_id, now + _LIVES)


def read_pay_link(token: str) -> int:
    """The document's id. Raises NotFound."""
    return read_signed(_PURPOSE, token)
