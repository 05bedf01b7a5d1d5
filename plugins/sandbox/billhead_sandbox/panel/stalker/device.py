"""`server/load.php`: what a box asks. It proves from the customer's side whether an account is active or blocked."""

import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from werkzeug.wrappers import Request, Response

from billhead_sandbox.panel.stalker.call import ZERO_DATE
from billhead_sandbox.panel.stalker.identifiers import matching
from billhead_sandbox.panel.stalker.tariffs import channels_for
from billhead_sandbox.panel.state import State
from billhead_sandbox.panel.store import Row

_ENGINE = re.compile(r"Player Engine version: 0x([0-9a-fA-F]+)")
_OLDEST_ENGINE = 0x566
_MAG_PREFIX = "00:1A:79"


class PlainText(Exception):
    """The portal leaves JSON and answers with a plain sentence, HTTP 200."""


@dataclass(frozen=True)
class Box:
    """Who calls: the MAC from the cookie, the token from the header, and the record if there is one."""

    state: State
    request: Request
    mac: str
    token: str
    account: Row | None

    def argument(self, name: str) -> str:
        return self.request.args.get(name, "")


def answer(state: State, request: Request) -> Response:
    mac = unquote(request.cookies.get("mac", "")).strip().upper()
    _, _, bearer = request.headers.get("Authorization", "").partition("Bearer ")
    found = matching(state.store, "stb_mac", (mac,)) if mac else []
    box = Box(state, request, mac, bearer.strip(), found[0] if found else None)
    act = ACTIONS.get((box.argument("type"), box.argument("action")))
    try:
        content = {"js": act(box) if act else False, "text": ""}
    except PlainText as sentence:
        return Response(str(sentence), mimetype="text/plain")
    return Response(json.dumps(content), mimetype="application/json")


def handshake(box: Box) -> Any:
    """A token for any MAC, known or not."""
    return {"token": secrets.token_hex(16).upper()}


def get_profile(box: Box) -> Any:
    """`status` 0 is active and 1 blocked: the reverse of REST v1. An unknown MAC may register itself here."""
    settings = box.state.settings["stalker"]
    if box.account is not None:  # the token is kept before anything is checked, firmware included
        box.state.store.update("stalker_accounts", {"token": box.token}, "id = ?", (box.account["id"],))
    if not _firmware_is_new(box):
        return {"id": None, "mac": box.mac, "status": 1, "msg": "old firmware"}
    if settings["enable_mac_format_validation"] and not box.mac.startswith(_MAG_PREFIX):
        return {"id": None, "mac": box.mac, "status": 1, "msg": "access denied"}
    account = box.account or _register(box)
    if account is None:
        return {"id": None, "mac": box.mac, "status": 1, "block_msg": "Your box is not registered."}
    if account["device_id"] and box.argument("device_id") not in ("", account["device_id"]):
        return {"id": account["id"], "mac": box.mac, "status": 1, "msg": "device conflict - device_id mismatch"}
    seen = {
        "token": box.token,
        "stb_sn": box.argument("sn"),
        "stb_type": box.argument("stb_type"),
        "version": box.argument("ver"),
        "device_id": box.argument("device_id") or account["device_id"],
        "device_id2": box.argument("device_id2") or account["device_id2"],
    }
    box.state.store.update("stalker_accounts", seen, "id = ?", (account["id"],))
    _sign_of_life(box, account)
    return {
        "id": str(account["id"]),
        "name": account["login"],
        "login": account["login"],
        "password": account["password"],
        "mac": box.mac,
        "ls": account["account_number"],
        "fname": account["full_name"],
        "phone": account["phone"],
        "status": str(account["blocked"]),
        "watchdog_timeout": settings["watchdog_timeout"],
        "msg": "",
        "block_msg": "",
    }


def _firmware_is_new(box: Box) -> bool:
    if box.argument("stb_type") in ("MAG200", "MAG260"):
        return True
    engine = _ENGINE.search(box.argument("ver"))
    return engine is not None and int(engine.group(1), 16) >= _OLDEST_ENGINE


def _register(box: Box) -> Row | None:
    settings = box.state.settings["stalker"]
    if not settings["auto_add_stb"]:
        return None
    blocked = int(not settings["default_stb_status"])
    box.state.store.insert("stalker_accounts", {"stb_mac": box.mac, "blocked": blocked})
    return matching(box.state.store, "stb_mac", (box.mac,))[0]


def _sign_of_life(box: Box, account: Row) -> None:
    local = box.state.clock.local(box.state.settings["stalker"]["timezone"])
    alive = {
        "keep_alive": int(box.state.clock.now()),
        "last_active": local.strftime("%Y-%m-%d %H:%M:%S"),
        "ip": box.request.remote_addr or "",
    }
    box.state.store.update("stalker_accounts", alive, "id = ?", (account["id"],))


def _admitted(box: Box) -> Row:
    """The record, if it is not blocked and the token is its own."""
    if box.account is None:
        raise PlainText("Access denied.")
    if not box.token or box.token != box.account["token"]:
        raise PlainText("Authorization failed.")
    if box.account["blocked"]:
        raise PlainText("Access denied.")
    return box.account


def get_events(box: Box) -> Any:
    """The oldest waiting event, once. A blocked box gets its events too: that is how it learns."""
    account = box.account
    if account is None or not box.token or box.token != account["token"]:
        raise PlainText("Authorization failed.")
    _sign_of_life(box, account)
    waiting = box.state.store.rows(
        "SELECT * FROM stalker_events WHERE account_id = ? AND sent = 0 AND expires > ? ORDER BY id",
        (account["id"], int(box.state.clock.now())),
    )
    if not waiting:
        return {"data": {"msgs": 0, "additional_services_on": str(account["additional_services_on"])}}
    event = waiting[0]
    box.state.store.update("stalker_events", {"sent": 1}, "id = ?", (event["id"],))
    return {
        "data": {
            "msgs": len(waiting),
            "id": str(event["id"]),
            "event": event["event"],
            "msg": event["msg"],
            "video": event["video"],
            "need_confirm": "0",
            "reboot_after_ok": str(event["need_reboot"]),
            "auto_hide_timeout": str(event["auto_hide_timeout"]),
            "additional_services_on": str(account["additional_services_on"]),
        }
    }


def get_all_channels(box: Box) -> Any:
    channels = channels_for(box.state, _admitted(box))
    data = [
        {
            "id": str(channel["id"]),
            "name": channel["name"],
            "number": str(channel["number"]),
            "cmd": f"ffmpeg http://localhost/ch/{channel['id']}_",
            "tv_genre_id": channel.get("group", ""),
            "hd": "0",
        }
        for channel in channels
    ]
    return {"total_items": len(data), "max_page_items": 14, "selected_item": 0, "cur_page": 0, "data": data}


def get_genres(box: Box) -> Any:
    groups = dict.fromkeys(channel.get("group", "") for channel in channels_for(box.state, _admitted(box)))
    return [{"id": "*", "title": "All", "alias": "All"}, *({"id": g, "title": g, "alias": g} for g in groups)]


def create_link(box: Box) -> Any:
    _admitted(box)
    return {"id": 0, "cmd": box.argument("cmd"), "error": ""}


def get_main_info(box: Box) -> Any:
    """For people: the plan by name, the end date as display text."""
    account = _admitted(box)
    plan = box.state.catalogue.plan_in_force(account["tariff_plan_id"])
    return {
        "fname": account["full_name"],
        "phone": account["phone"],
        "ls": account["account_number"],
        "mac": account["stb_mac"],
        "tariff_plan": plan["name"] if plan else "",
        "end_date": _end_for_people(box, account["end_date"]),
        "account_balance": account["account_balance"],
    }


def _end_for_people(box: Box, end_date: str) -> str:
    if end_date == ZERO_DATE or not box.state.settings["stalker"]["enable_internal_billing"]:
        return ""
    end = datetime.fromisoformat(end_date).date()
    today = box.state.clock.local(box.state.settings["stalker"]["timezone"]).date()
    return f"{end.strftime('%m.%d.%Y')} ({(end - today).days} days)"


ACTIONS: dict[tuple[str, str], Callable[[Box], Any]] = {
    ("stb", "handshake"): handshake,
    ("stb", "get_profile"): get_profile,
    ("watchdog", "get_events"): get_events,
    ("itv", "get_all_channels"): get_all_channels,
    ("itv", "get_ordered_list"): get_all_channels,
    ("itv", "get_genres"): get_genres,
    ("itv", "create_link"): create_link,
    ("account_info", "get_main_info"): get_main_info,
}
