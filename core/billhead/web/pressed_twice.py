"""A button that is pressed twice: the second press leads where the first did, and nothing is done again or refused.

A form carries a key (`parts.idempotency_key()`). Where a press with it has led is kept beside the results of the
actions under that key, with a digest of what was sent: another form under the same key, as after going back, is new.
"""

import hashlib
import json
import time
from contextlib import suppress
from typing import cast

from flask import Flask, Response, g, redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from werkzeug.datastructures import FileStorage

from billhead import clock
from billhead.db import db, reading, short_write
from billhead.models.operations import IdempotencyRecord
from billhead.web.request_context import KEY, signed_in

__all__ = ["install"]

_LED = "web.led"
_BY_THEMSELVES = ("callbacks", "api_v1", "api_staff", "storefront")  # programs; orders lead to how they stand
_PART = 1024 * 1024
_LOOKS, _BETWEEN = 20, 0.05  # the first press has committed, and is about to write down where it leads


def install(app: Flask) -> None:
    app.before_request(_again)
    app.after_request(_keep)


Pressed = tuple[str, str, str]
"""(who, the form's key, a digest of what was sent)."""


def _pressed() -> Pressed | None:
    """None without a login, before what was sent is touched: a gateway's body is its own to read, a program's too."""
    login = signed_in()
    if login is None or request.method != "POST" or request.blueprint in _BY_THEMSELVES:
        return None
    if not KEY.fullmatch(key := request.form.get("_key", "")):
        return None
    sent = sorted((name, values) for name, values in request.form.lists() if name != "csrf_token")
    files = sorted((name, one.filename, _digest(one)) for name, one in request.files.items(multi=True))
    text = json.dumps([request.path, request.query_string.decode("latin-1"), sent, files])
    return login.actor, key, hashlib.sha256(text.encode()).hexdigest()


def _digest(sent: FileStorage) -> str:
    found = hashlib.sha256()
    while part := sent.stream.read(_PART):
        found.update(part)
    sent.stream.seek(0)
    return found.hexdigest()


def _led(actor: str, key: str, digest: str) -> str:
    record = IdempotencyRecord
    mine = record.actor == actor, record.action == _LED, record.key == key, record.arguments_digest == digest
    with reading() as session:
        return str(session.scalar(select(record.result).where(*mine)) or "")


def _again() -> ResponseReturnValue | None:
    pressed = _pressed()
    to = _led(*pressed) if pressed is not None else ""
    g.pressed = None if to else pressed
    return redirect(to, 303) if to else None


def _keep(response: Response) -> Response:
    pressed: Pressed | None = g.get("pressed")  # missing where what was sent was refused before it was read
    if pressed is None:
        return response
    if response.status_code == 303 and _has_done(*pressed[:2]):
        _write(*pressed, response.location or "")
    elif response.status_code >= 400 and (to := _led_meanwhile(*pressed)):
        return cast(Response, redirect(to, 303))
    return response


def _has_done(actor: str, key: str) -> bool:
    """Has an action been done under the key? A press that was sent elsewhere, or refused, has done nothing."""
    record = IdempotencyRecord
    with reading() as session:
        mine = record.actor == actor, record.key == key
        return session.scalar(select(record.id).where(*mine).limit(1)) is not None


def _led_meanwhile(actor: str, key: str, digest: str) -> str:
    """Where the other press has led that came first while this one was looked at, and has changed what it saw."""
    for _ in range(_LOOKS if _has_done(actor, key) else 0):
        if to := _led(actor, key, digest):
            return to
        time.sleep(_BETWEEN)
    return ""


def _write(actor: str, key: str, digest: str, to: str) -> None:
    row = {"actor": actor, "action": _LED, "key": key, "arguments_digest": digest, "result": to, "at": clock.now()}
    # the other press may have been here before
    with suppress(IntegrityError), short_write(db.engine) as connection:
        connection.execute(insert(IdempotencyRecord).values(row))
