"""The one WSGI application: names each call, counts it, applies faults, and passes it to its protocol."""

import json
import time
from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.wrappers import Request, Response

from billhead_sandbox.cards import app as cards
from billhead_sandbox.panel import control
from billhead_sandbox.panel.faults import Fault
from billhead_sandbox.panel.php import PhpCrash, read_form
from billhead_sandbox.panel.stalker import device, expiry, rest, token
from billhead_sandbox.panel.state import State
from billhead_sandbox.panel.wire import Environ, HangUp
from billhead_sandbox.panel.xtream import admin, classic, pages, player, portal, reseller

PROXY_PAGE = "<html><head><title>Bad gateway</title></head><body><h1>The panel is being looked after</h1></body></html>"


class Application:
    """WSGI callable over one `State`."""

    def __init__(self, state: State) -> None:
        self.state = state

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = Request(environ)
        request.get_data(cache=True)
        response = self._respond(request)
        return response(environ, start_response)

    def _respond(self, request: Request) -> Response:
        if request.path == "/healthz":
            return Response('{"status": "ok"}', mimetype="application/json")
        if request.path.startswith("/_sandbox/"):
            return control.answer(self.state, request)
        name = call_name(self.state, request)
        self.state.count_call(name)
        fault = self.state.faults.strike(request.path, name)
        return self._serve(request) if fault is None else self._spoil(fault, request)

    def _spoil(self, fault: Fault, request: Request) -> Response:
        if fault.kind == "slow" and not fault.perform:
            time.sleep(fault.seconds)
            return self._serve(request)
        response = self._serve(request) if fault.perform else Response("")
        time.sleep(fault.seconds)
        if fault.kind in ("reset", "crash", "down"):
            raise HangUp(hard=fault.kind == "reset")
        if fault.kind == "status":
            return Response(PROXY_PAGE, status=fault.status, mimetype="text/html")
        if fault.kind == "empty":
            return Response(b"", mimetype="text/html")
        if fault.kind == "html":
            return Response(PROXY_PAGE, mimetype="text/html")
        if fault.kind == "truncated":
            content = response.get_data()
            response.set_data(content[: len(content) // 2])
        if fault.kind == "garbled":
            response.set_data(garbled(response.get_data()))
        return response

    def _serve(self, request: Request) -> Response:
        try:
            return self._dispatch(request)
        except PhpCrash:
            return Response(b"", mimetype="text/html")

    def _dispatch(self, request: Request) -> Response:
        path = request.path
        code = "/" + self.state.settings["xtream"]["access_code"]
        if path.startswith("/stalker_portal/"):
            expiry.run_if_due(self.state)
            return _stalker(self.state, request)
        if path == code or path.startswith(code + "/"):
            return admin.answer(self.state, request)
        resold = "/" + self.state.settings["xtream"]["reseller_code"]
        if path == resold or path.startswith(resold + "/"):
            return reseller.answer(self.state, request)
        if path.startswith("/cards/"):
            return cards.answer(self.state, request)
        if path.startswith("/classic/"):
            return classic.answer(self.state, request)
        if path == "/api.php":
            return classic.internal(self.state, request)
        if path in ("/c/portal.php", "/portal.php"):
            return portal.answer(self.state, request)
        return player.answer(self.state, request)


def garbled(content: bytes) -> bytes:
    """An answer whose values are all of another type: a list is an object, a text a list, a number an object. What
    `status` says stays, so that it looks like a good one. Something other than JSON stays as it is."""
    try:
        answer = json.loads(content)
    except ValueError:
        return content
    if not isinstance(answer, dict):
        return json.dumps(_turned(answer)).encode()
    return json.dumps({name: value if name == "status" else _turned(value) for name, value in answer.items()}).encode()


def _turned(value: Any) -> Any:
    if isinstance(value, list):
        return {str(index): _turned(each) for index, each in enumerate(value)}
    if isinstance(value, dict):
        return [_turned(each) for each in value.values()]
    return [value] if isinstance(value, str) else {"value": value}


def _stalker(state: State, request: Request) -> Response:
    path = request.path.removeprefix("/stalker_portal")
    if path == "/api" or path.startswith("/api/"):
        return rest.answer(state, request)
    if path == "/server/load.php":
        return device.answer(state, request)
    if path == "/auth/token.php":
        return token.answer(state, request)
    return pages.not_found()


def call_name(state: State, request: Request) -> str:
    """`stalker.accounts.PUT`, `stalker.device.handshake`, `xtream.edit_line`, `classic.user.edit`, `player.player_api`,
    `cards.charge`."""
    parts = [part for part in request.path.split("/") if part]
    first = parts[0] if parts else ""
    if first == "stalker_portal":
        return _stalker_call(parts[1:], request)
    if first == state.settings["xtream"]["access_code"]:
        action = read_form(request.get_data()).get("action", request.args.get("action", ""))
        return f"xtream.{action}"
    if first == state.settings["xtream"]["reseller_code"]:
        action = read_form(request.get_data()).get("action", request.args.get("action", ""))
        return f"reseller.{action}"
    if first == "cards":
        return cards.call_name(request.method, parts[1:])
    if first == "classic":
        return classic.call_name(request)
    if parts and parts[-1] == "portal.php":
        return f"player.portal.{request.args.get('action', '')}"
    return f"player.{first.removesuffix('.php')}"


def _stalker_call(parts: list[str], request: Request) -> str:
    if parts[:1] == ["api"]:
        resource = next((part.lower() for part in parts[1:] if part.lower() != "v1"), "")
        return f"stalker.{resource}.{request.method}"
    if parts[-1:] == ["token.php"]:
        return "stalker.token"
    return f"stalker.device.{request.args.get('action', '')}"
