"""What receivers download. Who has the address has the line's access, as with a playlist's."""

import threading
from collections.abc import Callable
from hmac import compare_digest

from flask import Blueprint, Response

from billhead.plugin import Conflict, NotFound, OpenLine, PanelRejected, PanelUnreachable, allow
from billhead_enigma2.bouquet import FILE, autoscript, bouquet
from billhead_enigma2.channels import channels_of
from billhead_enigma2.delivery import Delivery

__all__ = ["make_blueprint"]

_AT_ONCE = 4
"""A crowd of receivers waits for the panel's turns; it must not take all of the server's threads meanwhile."""

_WHILE_BUSY = {"Retry-After": "300"}


def make_blueprint(delivery: Callable[[], Delivery], line_of: Callable[[str], OpenLine]) -> Blueprint:
    """An address that is not ours, or whose line is gone or stopped, is 404 without a call to any panel: names that a
    panel does not know would get our address banned there."""
    blueprint = Blueprint("enigma2", __name__)
    places = threading.BoundedSemaphore(_AT_ONCE)

    @blueprint.get("/<token>/autoscript.sh")
    @allow("anyone")
    def script(token: str) -> Response:
        there = delivery()
        if there.opened(token) is None:
            return _said("There is no such address.", 404)
        return _file(autoscript(there.address(token, FILE)), "text/x-shellscript", "autoscript.sh")

    @blueprint.get(f"/<token>/{FILE}")
    @allow("anyone")
    def channels(token: str) -> Response:
        there = delivery()
        sealed = there.opened(token)
        if sealed is None:
            return _said("There is no such address.", 404)
        if not places.acquire(blocking=False):
            return _said("Too many receivers ask at once. Try again in a few minutes.", 503, _WHILE_BUSY)
        try:
            return _channels(there, line_of, *sealed)
        finally:
            places.release()

    return blueprint


def _channels(there: Delivery, line_of: Callable[[str], OpenLine], ref: str, password: str) -> Response:
    try:
        line = line_of(ref)
        if not compare_digest(line.access.password.encode(), password.encode()):
            raise Conflict("the address is of an earlier password")
        found = channels_of(line)
    except (NotFound, Conflict, PanelRejected):
        return _said("This line can't be watched now, or has a new password.", 404)
    except PanelUnreachable:
        return _said("The panel does not answer. Try again in a few minutes.", 503, _WHILE_BUSY)
    text = bouquet(there.settings.name, line.access, found, there.settings.service_type)
    return _file(text, "text/plain", FILE)


def _file(text: str, kind: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(text, mimetype=kind, headers=headers)


def _said(why: str, status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(f"{why}\n", status, mimetype="text/plain", headers={"Cache-Control": "no-store", **(headers or {})})
