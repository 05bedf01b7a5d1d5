"""The admin API's transport: key and action in one form, HTTP 200 with `text/html` for every outcome."""

import json
import secrets
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from werkzeug.wrappers import Request, Response

from billhead_sandbox.panel.php import Form, PhpCrash, read_form
from billhead_sandbox.panel.state import State
from billhead_sandbox.panel.store import Row
from billhead_sandbox.panel.xtream import devices, lines, lists, offers, pages, player, queries, sessions, users
from billhead_sandbox.panel.xtream.call import Call, Refused

Action = Callable[[Call], Any]


def _list(listing: lists.Listing) -> Action:
    return partial(lists.answer, listing=listing)


ACTIONS: dict[str, Action] = {
    "user_info": users.user_info,
    "create_line": lines.create,
    "edit_line": lines.edit,
    "get_line": lines.get,
    "enable_line": lines.enable,
    "disable_line": lines.disable,
    "ban_line": lines.ban,
    "unban_line": lines.unban,
    "delete_line": lines.delete,
    "reload_cache": lines.reload_cache,
    "create_mag": devices.create_mag,
    "edit_mag": devices.edit_mag,
    "get_mag": devices.get_mag,
    "delete_mag": devices.delete_mag,
    "convert_mag": devices.convert_mag,
    "create_enigma": devices.create_enigma,
    "edit_enigma": devices.edit_enigma,
    "get_enigma": devices.get_enigma,
    "delete_enigma": devices.delete_enigma,
    "convert_enigma": devices.convert_enigma,
    **{
        f"{verb}_{kind}": devices.switch_nothing
        for verb in ("enable", "disable", "ban", "unban")
        for kind in ("mag", "enigma")
    },
    "create_user": users.create,
    "edit_user": users.edit,
    "get_user": users.get,
    "delete_user": users.delete,
    "enable_user": users.enable,
    "disable_user": users.disable,
    "adjust_credits": users.adjust_credits,
    "get_packages": offers.packages,
    "get_package": offers.package,
    "get_bouquets": offers.bouquets,
    "get_groups": offers.groups,
    "get_servers": offers.servers,
    "kill_connection": sessions.kill,
    "mysql_query": queries.mysql_query,
    "get_lines": _list(lists.LINES),
    "get_mags": _list(lists.MAGS),
    "get_enigmas": _list(lists.ENIGMAS),
    "get_users": _list(lists.USERS),
    "credit_logs": _list(lists.CREDIT_LOGS),
    "live_connections": _list(lists.LIVE),
    "activity_logs": _list(lists.ACTIVITY),
}


def answer(state: State, request: Request) -> Response:
    return answer_at(state, request, state.settings["xtream"]["access_code"], ACTIONS, "is_admin")


def answer_at(state: State, request: Request, code: str, actions: Mapping[str, Action], right: str) -> Response:
    """One API at its access code, for keys of users whose group has the right.

    A banned caller is refused here too; a missing slash redirects and so loses a POST.
    """
    if player.is_banned(state, request):
        return pages.banned()
    if request.path == f"/{code}":
        return Response(status=301, headers={"Location": f"/{code}/"})
    if request.path.strip("/") != code:
        return pages.not_found()
    if request.method not in ("GET", "POST"):
        return _page(b"")
    try:
        content = _act(state, {**_query(request), **_body(request)}, actions, right)
    except PhpCrash:
        return _page(b"")
    return _page(json.dumps(content).encode())


def _page(content: bytes) -> Response:
    response = Response(content, mimetype="text/html")
    response.set_cookie("PHPSESSID", secrets.token_hex(13), path="/")
    return response


def _query(request: Request) -> Form:
    return read_form(request.query_string)


def _body(request: Request) -> Form:
    """Form bodies win over the query; JSON bodies are not read at all."""
    if request.mimetype == "multipart/form-data":
        form = request.form.to_dict(flat=False)
        return {k.removesuffix("[]"): v if k.endswith("[]") else v[-1] for k, v in form.items()}
    return read_form(request.get_data()) if request.mimetype == "application/x-www-form-urlencoded" else {}


def _act(state: State, form: Form, actions: Mapping[str, Action], right: str) -> Any:
    key = form.pop("api_key", "")
    user = _key_holder(state, key if isinstance(key, str) else "", right)
    if user is None:
        return {"status": "STATUS_FAILURE", "error": "Invalid API key."}
    name = form.pop("action", "")
    act = actions.get(name) if isinstance(name, str) else None
    if act is None:
        return {"status": "STATUS_FAILURE", "error": "Invalid action."}
    try:
        return act(Call(state, user, form))
    except Refused as refusal:
        return {"status": refusal.status, "data": form} if refusal.echo else {"status": refusal.status}


def _key_holder(state: State, key: str, right: str) -> Row | None:
    """The enabled user with that key, if their group has the right."""
    user = state.store.row("SELECT * FROM users WHERE api_key = ? AND status = 1", (key,)) if key else None
    groups = {group["group_id"] for group in state.catalogue.groups if group[right]}
    return user if user is not None and user["member_group_id"] in groups else None
