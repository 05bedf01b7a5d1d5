"""A link that ends news by mail without signing in: signed, for that customer, and for news alone."""

import hmac
import re

from billhead.domain.errors import NotFound
from billhead.plugin_host import vault

__all__ = ["read_stop_link", "stop_url"]

_SIGNED = 32
_TOKEN = re.compile(r"([0-9]{1,18})-([0-9a-f]{32})")


def stop_url(home: str, customer_id: int) -> str:
    """Below the shop's address. It does not end: an old mail must still be able to do it."""
    return f"{home}/news/stop/{customer_id}-{vault().digests(_signed_text(customer_id))[0][:_SIGNED]}"


def read_stop_link(token: str) -> int:
    """The customer's id. Raises NotFound for what is forged or mistyped."""
    found = _TOKEN.fullmatch(token)
    if found is not None:
        signatures = vault().digests(_signed_text(int(found[1])))
        if any(hmac.compare_digest(one[:_SIGNED], found[2]) for one in signatures):
            return int(found[1])
    raise NotFound("link", "of this address")


def _signed_text(customer_id: int) -> str:
    return f"stop-news:{customer_id}"
