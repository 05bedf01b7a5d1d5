"""Where gateways call: /callbacks/<token>, and below it what a gateway has added for one attempt.

The message is stored as it came, acknowledged, and read later by a job.
"""

import logging

from flask import Blueprint, Response, request
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from billhead import clock
from billhead.actions.payments.store_callback import LARGEST_BODY, store_callback
from billhead.crash import crash_point
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import InvalidInput, NotFound
from billhead.models.payments import GatewayAccount
from billhead.plugin import RawCallback, allow
from billhead.plugin_host import plugins
from billhead.web.request_context import client_address

__all__ = ["callbacks"]

log = logging.getLogger("billhead.callbacks")
callbacks = Blueprint("callbacks", __name__)


@callbacks.route("/callbacks/<token>", methods=["GET", "POST"])
@callbacks.route("/callbacks/<token>/<path:_rest>", methods=["GET", "POST"])
@allow("anyone")
def receive(token: str, _rest: str = "") -> Response:
    """200 only after the message is safely stored; with anything else the gateway sends it again."""
    if (request.content_length or 0) > LARGEST_BODY:
        return _plain("too large", 413)
    raw = RawCallback(
        path=request.path,
        query=request.query_string.decode("latin-1"),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=request.get_data(cache=False),
        received_at=clock.now(),
        remote_address=client_address(),
    )
    try:
        with writing(Context.system("callback")) as tx:
            store_callback(tx, token, raw.path, raw.query, raw.headers, raw.body, raw.remote_address)
        crash_point("callback.stored")
    except NotFound:
        return _plain("no such address", 404)
    except InvalidInput as refused:
        return _plain("not accepted", 413 if refused.field == "body" else 503)
    except SQLAlchemyError:
        log.exception("a callback could not be stored")
        return _plain("not stored, send it again", 503)
    told = _acknowledgement(token, raw)
    return Response(told, status=200, mimetype="application/json" if told.startswith(b"{") else "text/plain")


def _acknowledgement(token: str, raw: RawCallback) -> bytes:
    """What the provider wants to read. The message is stored: a plugin that fails here must not make it come again."""
    try:
        with reading() as session:
            code = session.scalars(select(GatewayAccount.gateway).where(GatewayAccount.callback_token == token)).one()
        return plugins().gateway(code).acknowledge(raw)
    except Exception:
        log.exception("the gateway could not acknowledge a stored callback")
        return b""


def _plain(text: str, status: int) -> Response:
    return Response(text, status=status, mimetype="text/plain")
