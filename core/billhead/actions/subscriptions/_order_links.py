"""A link by which an order is followed without signing in: it shows how far it is, and nothing of whose."""

from datetime import datetime, timedelta

from billhead.actions.payments._signed_links import read_signed, signed_link

__all__ = ["order_link", "read_order_link"]

_LIVES = timedelta(days=60)
_PURPOSE = "order-link"


def order_link(document_id: int, now: datetime) -> str:
    return signed_link(_PURPOSE, document_id, now + _LIVES)


def read_order_link(token: str) -> int:
    """The id of the order's document. Raises NotFound."""
    return read_signed(_PURPOSE, token)
