"""What receivers download. Who has the address has the line's access, as with a playlist's."""

from collections.abc import Callable
from functools import cache

from flask import Blueprint, Response

from billhead.plugin import HttpClient, PanelRejected, PanelUnreachable, allow
from billhead_enigma2.bouquet import FILE, autoscript, bouquet
from billhead_enigma2.channels import channels_of
from billhead_enigma2.delivery import Delivery

__all__ = ["make_blueprint"]


@cache
def _client() -> HttpClient:
    return HttpClient("the panel's player API", timeout_seconds=20)


def make_blueprint(delivery: Callable[[], Delivery]) -> Blueprint:
    """An address that is not ours is 404 without a call to any panel: guesses would get our address banned there."""
    blueprint = Blueprint("enigma2", __name__)

    @blueprint.get("/<token>/autoscript.sh")
    @allow("anyone")
    def script(token: str) -> Response:
        there = delivery()
        if there.line(token) is None:
            return _said("There is no such address.", 404)
        return _file(autoscript(there.address(token, FILE)), "text/x-shellscript", "autoscript.sh")

    @blueprint.get(f"/<token>/{FILE}")
    @allow("anyone")
    def channels(token: str) -> Response:
        there = delivery()
        line = there.line(token)
        if line is None:
            return _said("There is no such address.", 404)
        try:
            found = channels_of(_client(), line)
        except PanelRejected:
            return _said("This line can't be watched now, or has a new password.", 404)
        except PanelUnreachable:
            return _said("The panel does not answer. Try again in a few minutes.", 503)
        text = bouquet(there.settings.name, line, found, there.settings.service_type)
        return _file(text, "text/plain", FILE)

    return blueprint


def _file(text: str, kind: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(text, mimetype=kind, headers=headers)


def _said(why: str, status: int) -> Response:
    return Response(f"{why}\n", status, mimetype="text/plain", headers={"Cache-Control": "no-store"})
