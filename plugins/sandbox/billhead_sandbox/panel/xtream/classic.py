"""`/classic/api.php`: the billing API of Xtream Codes v2 and Xtream UI, over the same lines as the `xui` API.

The caller's address is its whole authentication, and an answer to a stranger is 200 with nothing in it. Everything else
is JSON with `result`. An edit changes what it names and nothing else; nothing can be deleted or listed.
"""

import json
import re
from collections.abc import Callable
from typing import Any

from werkzeug.wrappers import Request, Response

from billhead_sandbox.panel.php import Form, empty, integer, read_form, text
from billhead_sandbox.panel.state import State
from billhead_sandbox.panel.store import Row
from billhead_sandbox.panel.xtream import pages, player
from billhead_sandbox.panel.xtream.lines import random_text

_DATA = re.compile(r"user_data\[(\w+)\]")
_NUMBERS = (
    "member_id", "exp_date", "admin_enabled", "enabled", "max_connections", "is_restreamer", "is_trial", "is_mag",
    "is_e2", "is_stalker", "is_isplock", "created_at", "pair_id", "force_server_id", "bypass_ua",
)  # fmt: skip
_TEXTS = ("username", "password", "admin_notes", "reseller_notes", "bouquet", "allowed_ips", "allowed_ua")
_NOT_KEPT = ("created_by",)
_MAC = re.compile(r"[0-9A-F]{2}(:[0-9A-F]{2}){5}")

Action = Callable[[State, Form], Any]


class _No(Exception):
    """`{"result": false}` with one of the known texts."""


def answer(state: State, request: Request) -> Response:
    """The panel's `api.php`; what players ask for goes on to the pages that both families share."""
    path = request.path.removeprefix("/classic")
    if path != "/api.php":
        return _player(state, request, path)
    settings = state.settings["classic"]
    allowed = settings["api_ips"].replace(" ", "").split(",")
    form = {**read_form(request.query_string), **read_form(request.get_data())}
    if "*" not in allowed and request.remote_addr not in allowed:
        return Response(b"", mimetype="text/html")
    if settings["api_pass"] and form.get("api_pass") != settings["api_pass"]:
        return Response(b"", mimetype="text/html")
    act = _ACTIONS.get((text(form, "action"), text(form, "sub")))
    if act is None or (act is _bouquets and not settings["bouquet_list"]):
        return Response(b"", mimetype="text/html")
    try:
        content = act(state, form)
    except _No as no:
        content = {"result": False, "error": str(no)} if settings["error_texts"] else {"result": False}
    return Response(json.dumps(_odd(content) if settings["odd_types"] else content), mimetype="application/json")


def call_name(request: Request) -> str:
    """`classic.user.create`, or `player.get` for what players ask for."""
    path = request.path.removeprefix("/classic").strip("/")
    if path != "api.php":
        return f"player.{path.split('/')[0].removesuffix('.php')}"
    form = {**read_form(request.query_string), **read_form(request.get_data())}
    return f"classic.{form.get('action', '')}.{form.get('sub', '')}"


def internal(state: State, request: Request) -> Response:
    """XC_VM's own `/api.php`, between its servers: it says no to all that a classic panel would be asked."""
    if request.values.get("password") != state.settings["xtream"]["server_password"]:
        return pages.not_found()
    return Response(json.dumps({"result": False}), mimetype="application/json")


def _odd(content: Any) -> Any:
    """Some builds say 1 for true and give bouquets as a list."""
    if isinstance(content, dict) and content.get("result") is True:
        content = {**content, "result": 1}
        if "user_info" in content:
            info = content["user_info"]
            content["user_info"] = {**info, "bouquet": json.loads(info["bouquet"] or "[]")}
    return content


def _player(state: State, request: Request, path: str) -> Response:
    """Here a bad account gets 200 and `auth` 0, where the newer panels show a 404 page."""
    name = path.strip("/").split("/")[0].removesuffix(".php")
    page = player.PAGES.get(name)
    if page is None:
        return pages.not_found()
    user, password = request.values.get("username", ""), request.values.get("password", "")
    line = _by_login(state, user, password)
    if line is None or not player.works(state, line):
        return Response('{"user_info":{"auth":0}}', mimetype="application/json")
    return page(state, request, line)


# --- lines -----------------------------------------------------------------------------------------------------------


def _data(form: Form) -> Row:
    """`user_data[...]`: any column by its own name; an empty expiry is never."""
    row: Row = {}
    for name, value in form.items():
        match = _DATA.fullmatch(name)
        if match is None or isinstance(value, list) or match[1] in _NOT_KEPT:
            continue
        column = match[1]
        if column in _NUMBERS:
            row[column] = None if column == "exp_date" and value == "" else integer(value)
        elif column in _TEXTS:
            row[column] = value
    return row


def _by_login(state: State, username: str, password: str) -> Row | None:
    sql = "SELECT * FROM lines WHERE username = ? AND password = ?"
    return state.store.row(sql, (username, password)) if username and password else None


def _identified(state: State, form: Form) -> Row:
    username, password = text(form, "username"), text(form, "password")
    if empty(username) or empty(password):
        raise _No("PARAMETER ERROR (user/pass)")
    line = _by_login(state, username, password)
    if line is None:
        raise _No("NOT EXISTS")
    return line


def _check_free(state: State, username: str, own_id: int = 0) -> None:
    if state.store.row("SELECT id FROM lines WHERE username = ? AND id <> ?", (username, own_id)) is not None:
        raise _No("EXISTS")


def _create_user(state: State, form: Form) -> Any:
    row = _data(form)
    for name in ("username", "password"):
        row[name] = row.get(name) or random_text(10)
    _check_free(state, row["username"])
    line_id = state.store.insert("lines", {"created_at": _now(state), "updated": _now(state), **row})
    return {"result": True, "created_id": line_id, "username": row["username"], "password": row["password"]}


def _edit_user(state: State, form: Form) -> Any:
    line, row = _identified(state, form), _data(form)
    if "username" in row:
        _check_free(state, row["username"], line["id"])
    state.store.update("lines", {**row, "updated": _now(state)}, "id = ?", (line["id"],))
    return {"result": True}


def _user_info(state: State, form: Form) -> Any:
    return {"result": True, "user_info": _shown(_identified(state, form))}


def _now(state: State) -> int:
    return int(state.clock.now())


def _shown(row: Row) -> dict[str, Any]:
    """Every number as text, zero too."""
    kept = {name: value for name, value in row.items() if name != "updated"}
    return {name: str(value) if isinstance(value, int | float) else value for name, value in kept.items()}


# --- boxes -----------------------------------------------------------------------------------------------------------


def _device(state: State, mac: str) -> Row:
    if empty(mac):
        raise _No("PARAMETER ERROR (mac)")
    device = state.store.row("SELECT * FROM mag_devices WHERE mac = ?", (mac,))
    if device is None:
        raise _No("NOT EXISTS")
    return device


def _create_stb(state: State, form: Form) -> Any:
    mac = text(form, "user_data[mac]").upper()
    if not _MAC.fullmatch(mac):
        raise _No("PARAMETER ERROR (mac)")
    if state.store.row("SELECT mag_id FROM mag_devices WHERE mac = ?", (mac,)) is not None:
        raise _No("EXISTS")
    login = {"username": random_text(32), "password": random_text(32), "created_at": _now(state)}
    line_id = state.store.insert("lines", {**_data(form), **login, "is_mag": 1, "updated": _now(state)})
    state.store.insert("mag_devices", {"user_id": line_id, "mac": mac})
    return {"result": True, "created_id": line_id}


def _edit_stb(state: State, form: Form) -> Any:
    device, row = _device(state, text(form, "mac")), _data(form)
    state.store.update("lines", {**row, "updated": _now(state)}, "id = ?", (device["user_id"],))
    return {"result": True}


def _stb_info(state: State, form: Form) -> Any:
    device = _device(state, text(form, "mac"))
    line = state.store.row("SELECT * FROM lines WHERE id = ?", (device["user_id"],))
    if line is None:
        raise _No("NOT EXISTS")
    return {"result": True, "user_info": _shown(line), "mag_device": _shown(device)}


# --- what the operator has -------------------------------------------------------------------------------------------


def _resellers(state: State, form: Form) -> Any:
    return [
        _shown({name: user[name] for name in ("id", "username", "credits", "member_group_id", "status")})
        for user in state.store.rows("SELECT * FROM users ORDER BY id")
    ]


def _credits(state: State, form: Form) -> Any:
    """A signed delta on the reseller of that id or name."""
    sql = "SELECT * FROM users WHERE id = ? OR username = ?"
    user = state.store.row(sql, (integer(text(form, "id")), text(form, "username")))
    if user is None:
        raise _No("NOT EXISTS")
    credits = user["credits"] + integer(text(form, "amount"))
    state.store.update("users", {"credits": credits}, "id = ?", (user["id"],))
    return {"result": True}


def _servers(state: State, form: Form) -> Any:
    return [{"id": "1", "server_name": "Main server", "server_ip": "127.0.0.1", "status": "1"}]


def _bouquets(state: State, form: Form) -> Any:
    return [{"id": str(item["id"]), "bouquet_name": item["name"]} for item in state.catalogue.bouquets]


_ACTIONS: dict[tuple[str, str], Action] = {
    ("user", "create"): _create_user,
    ("user", "edit"): _edit_user,
    ("user", "info"): _user_info,
    ("stb", "create"): _create_stb,
    ("stb", "edit"): _edit_stb,
    ("stb", "info"): _stb_info,
    ("reg_user", "list"): _resellers,
    ("reg_user", "credits"): _credits,
    ("server", "list"): _servers,
    ("bouquet", "get"): _bouquets,
}
