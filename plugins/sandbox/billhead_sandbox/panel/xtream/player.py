"""What players see: `player_api.php`, playlists, guide and streams. A bad account gets a 404 page and no reason."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from werkzeug.wrappers import Request, Response

from billhead_sandbox.panel.catalogue import Item
from billhead_sandbox.panel.state import State
from billhead_sandbox.panel.store import Row
from billhead_sandbox.panel.xtream import cache, pages

_FORMATS = {1: "m3u8", 2: "ts", 3: "rtmp"}
_FLOOD_NAMES, _FLOOD_SECONDS = 10, 300


def answer(state: State, request: Request) -> Response:
    if is_banned(state, request):
        return pages.banned()
    parts = [part for part in request.path.split("/") if part]
    name = parts[0].removesuffix(".php") if parts else ""
    if name in ("live", "movie", "series") and len(parts) == 4:
        return _stream(state, parts[1], parts[2], parts[3])
    page = PAGES.get(name)
    if page is None:
        return pages.not_found()
    username = request.values.get("username", parts[1] if len(parts) > 2 else "")
    password = request.values.get("password", parts[2] if len(parts) > 2 else "")
    line = _find(state, request, username, password)
    return page(state, request, line) if line is not None and works(state, line) else pages.not_found()


def is_banned(state: State, request: Request) -> bool:
    """Ten distinct unknown names within 300 s ban the address for good: players and admin API alike."""
    names = state.unknown_names.get(request.remote_addr or "", {})
    return state.settings["xtream"]["flood_guard"] and len(names) >= _FLOOD_NAMES


def _find(state: State, request: Request, username: str, password: str) -> Row | None:
    """Names match exactly, case included."""
    lines = cache.visible(state, username) if username else []
    if not lines:
        _remember_unknown(state, request.remote_addr or "", username)
    return next((line for line in lines if line["password"] == password), None)


def _remember_unknown(state: State, address: str, username: str) -> None:
    now = state.clock.now()
    names = state.unknown_names.setdefault(address, {})
    if len(names) >= _FLOOD_NAMES:
        return
    for name in [name for name, seen in names.items() if seen < now - _FLOOD_SECONDS]:
        del names[name]
    names[username] = now


def works(state: State, line: Row) -> bool:
    expired = line["exp_date"] is not None and line["exp_date"] <= state.clock.now()
    return bool(line["admin_enabled"]) and bool(line["enabled"]) and not expired


def _streams(state: State, line: Row) -> list[Item]:
    chosen = set(json.loads(line["bouquet"]))
    ids = {item for bouquet in state.catalogue.bouquets if bouquet["id"] in chosen for item in bouquet["streams"]}
    return [stream for stream in state.catalogue.streams if stream["id"] in ids]


def _player_api(state: State, request: Request, line: Row) -> Response:
    """An unknown action gives the account information too."""
    action = request.values.get("action", "")
    if action in ("get_live_streams", "get_vod_streams"):
        wanted = 1 if action == "get_live_streams" else 2
        content: Any = [_listed(stream) for stream in _streams(state, line) if stream["type"] == wanted]
    elif action in ("get_live_categories", "get_vod_categories"):
        content = [{"category_id": "1", "category_name": "All", "parent_id": 0}]
    elif action in ("get_series", "get_series_categories"):
        content = []
    else:
        content = {"user_info": _user_info(state, line), "server_info": _server_info(state, request)}
    return Response(json.dumps(content), mimetype="application/json")


def _listed(stream: Item) -> dict[str, Any]:
    kind = "live" if stream["type"] == 1 else "movie"
    return {
        "num": stream["id"],
        "name": stream["name"],
        "stream_type": kind,
        "stream_id": stream["id"],
        "stream_icon": "",
        "epg_channel_id": None,
        "added": "1767225600",
        "is_adult": 0,
        "rating": "0",
        "custom_sid": "",
        "tv_archive": 0,
        "tv_archive_duration": 0,
        "direct_source": "",
        "category_id": "1",
        "container_extension": "ts" if kind == "live" else "mp4",
    }


def _user_info(state: State, line: Row) -> dict[str, Any]:
    """`active_cons` is the stale zero that real panels show."""
    return {
        "username": line["username"],
        "password": line["password"],
        "message": "",
        "auth": 1,
        "status": "Active",
        "exp_date": None if line["exp_date"] is None else str(line["exp_date"]),
        "is_trial": str(line["is_trial"]),
        "active_cons": "0",
        "created_at": str(line["created_at"] or ""),
        "max_connections": str(line["max_connections"]),
        "allowed_output_formats": [_FORMATS[item] for item in json.loads(line["allowed_outputs"]) if item in _FORMATS],
    }


def _server_info(state: State, request: Request) -> dict[str, Any]:
    settings = state.settings["xtream"]
    now = int(state.clock.now())
    host, _, port = request.host.partition(":")
    local = datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(settings["timezone"]))
    return {
        "version": settings["version"],
        "url": host,
        "port": port or "80",
        "https_port": "443",
        "server_protocol": "http",
        "rtmp_port": "8880",
        "timestamp_now": now,
        "time_now": local.strftime("%Y-%m-%d %H:%M:%S"),
        "timezone": settings["timezone"],
        "process": True,
    }


def _playlist(state: State, request: Request, line: Row) -> Response:
    """Refused for device lines, for callers without a User-Agent, and where the operator switched it off."""
    allowed = state.settings["xtream"]["allow_get_php"] and request.headers.get("User-Agent")
    if not allowed or line["is_mag"] or line["is_e2"]:
        return pages.not_found()
    rows = ["#EXTM3U"]
    for stream in _streams(state, line):
        kind, extension = ("live", "ts") if stream["type"] == 1 else ("movie", "mp4")
        rows.append(f'#EXTINF:-1 tvg-name="{stream["name"]}",{stream["name"]}')
        rows.append(f"{request.host_url}{kind}/{line['username']}/{line['password']}/{stream['id']}.{extension}")
    return Response("\n".join(rows) + "\n", mimetype="application/octet-stream")


def _guide(state: State, request: Request, line: Row) -> Response:
    channels = "".join(
        f'<channel id="{stream["id"]}"><display-name>{stream["name"]}</display-name></channel>'
        for stream in _streams(state, line)
        if stream["type"] == 1
    )
    return Response(f'<?xml version="1.0" encoding="utf-8"?><tv>{channels}</tv>', mimetype="application/xml")


def _stream(state: State, username: str, password: str, file: str) -> Response:
    """A suspended line gets 200 and a notice clip, so a 200 proves nothing; a good one is sent on with a token."""
    found = next((line for line in cache.visible(state, username) if line["password"] == password), None)
    if found is None:
        return pages.not_found()
    if not works(state, found):
        return Response(b"\x47" + b"\x00" * 187, mimetype="video/mp2t")
    return Response(status=302, headers={"Location": f"/streams/{found['id']}/{file}?token=sandbox"})


PAGES: dict[str, Callable[[State, Request, Row], Response]] = {
    "player_api": _player_api,
    "panel_api": _player_api,
    "get": _playlist,
    "playlist": _playlist,
    "xmltv": _guide,
    "epg": _guide,
}
