"""REST v1 transport: Basic auth, form bodies only, HTTP 200 for every application error, one JSON envelope."""

import json
from collections.abc import Callable
from hmac import compare_digest
from typing import Any

from werkzeug.wrappers import Request, Response

from billhead_sandbox.panel.php import Form, PhpCrash, read_form
from billhead_sandbox.panel.stalker import accounts, boxes, channels, events, identifiers, subscriptions, tariffs
from billhead_sandbox.panel.stalker.call import Call, RestError
from billhead_sandbox.panel.state import State

_METHODS = {"GET": "get", "POST": "create", "PUT": "update", "DELETE": "delete"}
_BROKEN_IN_V1 = ("stb", "stb_modules", "itv")
_FORM = "application/x-www-form-urlencoded"

RESOURCES: dict[str, dict[str, Callable[[Call], Any]]] = {
    "accounts": {
        "GET": accounts.get_accounts,
        "POST": accounts.create,
        "PUT": accounts.update_account,
        "DELETE": accounts.delete_account,
    },
    "users": {
        "GET": accounts.get_users,
        "POST": accounts.create,
        "PUT": accounts.update_user,
        "DELETE": accounts.delete_user,
    },
    "stb": {
        "GET": boxes.list_boxes,
        "POST": boxes.create_box,
        "PUT": boxes.update_boxes,
        "DELETE": boxes.delete_boxes,
    },
    "stb_auth": {"PUT": boxes.reset_authorisation},
    "stb_modules": {"GET": boxes.get_modules, "PUT": boxes.set_modules},
    "account_subscription": {
        "GET": subscriptions.show,
        "PUT": subscriptions.change,
        "POST": subscriptions.replace,
        "DELETE": subscriptions.drop_all,
    },
    "tariffs": {"GET": tariffs.list_tariffs},
    "services_package": {"GET": tariffs.list_packages},
    "send_event": {"POST": events.send_event},
    "stb_msg": {"POST": events.stb_msg},
    "itv": {"GET": channels.list_channels, "PUT": channels.monitor_channel},
    "itv_subscription": {"GET": channels.list_subscriptions, "PUT": channels.subscribe},
}


def answer(state: State, request: Request) -> Response:
    settings = state.settings["stalker"]
    if not settings["enable_api"]:
        return Response("API not enabled", status=404, mimetype="text/plain")
    if request.path == "/stalker_portal/api":
        return Response(status=301, headers={"Location": "/stalker_portal/api/"})
    refused = _refused_by_apache(request)
    if refused is not None:
        return refused
    if not _authorised(settings, request):
        body = {"status": "ERROR", "results": "", "error": "401 Unauthorized request"}
        headers = {"WWW-Authenticate": 'Basic realm="Stalker API"'}
        return Response(json.dumps(body), 401, headers, mimetype="application/json")
    return _run(state, request)


def _refused_by_apache(request: Request) -> Response | None:
    """Apache itself stops identifiers with an encoded slash or space, long before the portal sees them."""
    raw = request.environ["RAW_URI"].partition("?")[0].lower()
    status = 404 if "%2f" in raw else 403 if "%20" in raw else None
    if status is None:
        return None
    return Response(f"<!DOCTYPE HTML><html><head><title>{status}</title></head></html>", status, mimetype="text/html")


def _authorised(settings: dict[str, Any], request: Request) -> bool:
    """An unset login leaves the API open to anyone."""
    if not settings["login"]:
        return True
    given = request.authorization
    if given is None or given.type != "basic":
        return False
    sent = f"{given.get('username') or ''}:{given.get('password') or ''}"
    return compare_digest(sent.encode(), f"{settings['login']}:{settings['password']}".encode())


def _run(state: State, request: Request) -> Response:
    parts = request.path.removeprefix("/stalker_portal/api/").split("/")
    resource = parts.pop(0).lower()
    if resource == "v1":
        resource = parts.pop(0).lower() if parts else ""
        if resource in _BROKEN_IN_V1:
            return Response("Unauthorized request.", mimetype="text/html")
    try:
        results = _act(state, request, resource, parts[0] if parts else "")
    except RestError as error:
        return _envelope({"status": "ERROR", "results": None, "error": str(error)})
    except PhpCrash as error:
        return Response(f"<br />\n<b>Fatal error</b>:  {error}<br />\n", mimetype="text/html")
    return _envelope({"status": "OK", "results": results})


def _act(state: State, request: Request, resource: str, identifier: str) -> Any:
    if request.method not in _METHODS:
        raise RestError("Not supported method")
    if resource not in RESOURCES:
        raise RestError(f'Resource "{resource}" does not exist')
    act = RESOURCES[resource].get(request.method)
    if act is None:
        raise RestError(f'Resource "{resource}" does not support action "{_METHODS[request.method]}"')
    return act(Call(state, _form(request), identifiers.split(identifier)))


def _form(request: Request) -> Form:
    """Only form bodies are understood. PUT parses whatever came, so JSON ends as one unknown field."""
    if request.method == "POST" and request.mimetype != _FORM:
        return {}
    return read_form(request.get_data()) if request.method in ("POST", "PUT", "DELETE") else {}


def _envelope(content: dict[str, Any]) -> Response:
    return Response(json.dumps(content, ensure_ascii=False), mimetype="application/json")
