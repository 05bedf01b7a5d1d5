"""`auth/token.php`: an app asks whether a login and password are good, and gets a bearer token."""

import json
import secrets
import time
from typing import Any

from werkzeug.wrappers import Request, Response

from billhead_sandbox.panel.php import read_form, text
from billhead_sandbox.panel.stalker.accounts import digest
from billhead_sandbox.panel.stalker.identifiers import matching
from billhead_sandbox.panel.state import State


def answer(state: State, request: Request) -> Response:
    """Always HTTP 200; real portals take a second by design, here `token_delay` does."""
    time.sleep(state.settings["stalker"]["token_delay"])
    return Response(json.dumps(_grant(state, request)), mimetype="application/json")


def _grant(state: State, request: Request) -> dict[str, Any]:
    form = read_form(request.get_data())
    if text(form, "grant_type") != "password":
        return {"error": "unsupported_grant_type", "error_description": "Grant type is not supported"}
    accounts = matching(state.store, "login", (text(form, "username"),)) if text(form, "username") else []
    account = accounts[0] if accounts else None
    if account is None or account["password"] != digest(text(form, "password"), account["id"]):
        return {"error": "invalid_client", "error_description": "Username or password is incorrect"}
    if account["blocked"]:
        return {"error": "access_denied", "error_description": "Account is disabled"}
    bearer = f"{account['id']}.{secrets.token_hex(16)}"
    state.store.update("stalker_accounts", {"token": bearer}, "id = ?", (account["id"],))
    return {
        "token_type": "bearer",
        "access_token": bearer,
        "refresh_token": f"{account['id']}.{secrets.token_hex(16)}",
        "user_id": account["id"],
        "expires_in": 86_400,
    }
