"""Keep an inbound message exactly as it came, before anybody tries to understand it."""

from collections.abc import Mapping

from sqlalchemy import func, select

from billhead import clock
from billhead.actions.scheduling import enqueue
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotFound
from billhead.models.payments import Callback, GatewayAccount

__all__ = ["store_callback"]

LARGEST_BODY = 256 * 1024
_HEADERS_KEPT = 60
_WAITING_AT_MOST = 5000


def store_callback(
    tx: Tx,
    token: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    body: bytes,
    remote_address: str = "",
) -> int:
    """Store the message for the account with this path token, and queue reading it; returns the callback's id.

    Raises NotFound (no such token), InvalidInput (too large, or too many wait unread: the sender repeats it later).
    """
    account = tx.session.scalar(select(GatewayAccount).where(GatewayAccount.callback_token == token))
    if account is None:
        raise NotFound("callback address", "of this path")
    if len(body) > LARGEST_BODY:
        raise InvalidInput("body", f"a callback of {len(body)} bytes is larger than {LARGEST_BODY}")
    waiting = (
        select(func.count())
        .select_from(Callback)
        .where(Callback.account_id == account.id, Callback.state == "received")
    )
    if int(tx.session.scalar(waiting) or 0) >= _WAITING_AT_MOST:
        raise InvalidInput("account", "too many callbacks wait to be read", hint="send it again later")
    callback = Callback(
        account_id=account.id,
        path=path[:500],
        query=query[:4000],
        headers={k.lower()[:100]: v[:2000] for k, v in list(headers.items())[:_HEADERS_KEPT]},
        body=body,
        remote_address=remote_address[:100],
        received_at=clock.now(),
    )
    tx.session.add(callback)
    tx.session.flush()
    enqueue(tx, "callbacks.apply", {"callback_id": callback.id}, key=f"callback:{callback.id}")
    return callback.id
