"""`/c/portal.php`: the MAG portal of an Xtream panel. It knows who a box is and never says whether it may watch."""

import json
import secrets
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from werkzeug.wrappers import Request, Response

from billhead_sandbox.panel.state import State
from billhead_sandbox.panel.store import Row


def answer(state: State, request: Request) -> Response:
    mac = unquote(request.cookies.get("mac", "")).strip()
    device = state.store.row("SELECT * FROM mag_devices WHERE mac = ?", (mac,))
    content = _act(state, request, device, request.args.get("action", ""))
    return Response(json.dumps({"js": content}), mimetype="application/json")


def _act(state: State, request: Request, device: Row | None, action: str) -> Any:
    if action == "handshake":
        return {"token": _new_token(state, device)}
    _, _, bearer = request.headers.get("Authorization", "").partition("Bearer ")
    known = device if device is not None and bearer and device["token"] == bearer else None
    if action == "get_profile":
        return _profile(state, request, known)
    if action == "get_main_info":
        return _main_info(state, known)
    if action == "get_genres":
        return [{"id": "*", "title": "All"}, {"id": "1", "title": "General"}] if known else []
    return []


def _new_token(state: State, device: Row | None) -> str | None:
    if device is None:
        return None
    token = secrets.token_hex(16).upper()
    state.store.update("mag_devices", {"token": token}, "mag_id = ?", (device["mag_id"],))
    return token


def _profile(state: State, request: Request, device: Row | None) -> dict[str, Any]:
    """`blocked` is "0" for disabled, banned and expired lines as well."""
    if device is None:
        return {"id": None, "status": 1}
    seen = {"sn": request.args.get("sn", ""), "stb_type": request.args.get("stb_type", "")}
    state.store.update("mag_devices", seen, "mag_id = ?", (device["mag_id"],))
    return {"id": str(device["mag_id"]), "mac": device["mac"], "blocked": "0", "status": 0, **seen}


def _main_info(state: State, device: Row | None) -> Any:
    """`phone` holds the expiry as text."""
    line = state.store.row("SELECT * FROM lines WHERE id = ?", (device["user_id"],)) if device else None
    if device is None or line is None:
        return []
    expiry = line["exp_date"]
    text = "Unlimited" if expiry is None else datetime.fromtimestamp(expiry, UTC).strftime("%B %d, %Y, %I:%M %p")
    return {"mac": device["mac"], "phone": text}
