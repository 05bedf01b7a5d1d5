"""The reseller API: its own access code, a reseller's key, and packages that cost the reseller's credits.

A renewal is a purchase and is not idempotent. Switches and deletes do not look whose line it is; reads do. The list of
lines is empty, or null in 2.1, whatever the reseller owns; the logs and the live connections work where other lists do,
and show what is the reseller's.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from werkzeug.wrappers import Request, Response

from billhead_sandbox.panel.php import integer
from billhead_sandbox.panel.state import State
from billhead_sandbox.panel.store import Row
from billhead_sandbox.panel.xtream import admin, cache, devices, lines, lists
from billhead_sandbox.panel.xtream.call import Call, Refused, shown, success
from billhead_sandbox.panel.xtream.devices import ENIGMA, MAG, Kind

_SHORTEST = 8
_DAY = 86_400


def answer(state: State, request: Request) -> Response:
    return admin.answer_at(state, request, state.settings["xtream"]["reseller_code"], ACTIONS, "is_reseller")


def user_info(call: Call) -> Any:
    rights = {"minimum_username_length": str(_SHORTEST), "minimum_password_length": str(_SHORTEST)}
    row = {name: value for name, value in call.user.items() if name not in ("password", "api_key")}
    return success({**shown(row), "permissions": rights})


def packages(call: Call) -> Any:
    return success(
        [
            shown(
                {
                    "id": item["id"],
                    "package_name": item["name"],
                    "is_trial": int(bool(item["trial_days"])),
                    "is_official": 1,
                    "trial_credits": 0,
                    "official_credits": item["official_credits"],
                    "trial_duration": item["trial_days"],
                    "trial_duration_in": "days",
                    "official_duration": item["official_days"],
                    "official_duration_in": "days",
                    "bouquets": json.dumps(item["bouquets"], separators=(",", ":")),
                    "max_connections": item["max_connections"],
                    **{f"is_{kind}": int(kind in item["types"]) for kind in ("line", "mag", "e2")},
                }
            )
            for item in call.state.catalogue.products
        ]
    )


def _package(call: Call, kind: str) -> dict[str, Any]:
    wanted = call.number("package")
    found = next((item for item in call.state.catalogue.products if item["id"] == wanted), None)
    if found is None or kind not in found["types"]:
        raise Refused("STATUS_INVALID_TYPE", echo=True)
    return found


def _terms(call: Call, item: dict[str, Any]) -> tuple[int, int]:
    """Seconds and credits; a trial of a package without one is free and over at once."""
    if call.plain("trial") not in (None, "", "0"):
        return item["trial_days"] * _DAY, 0
    return item["official_days"] * _DAY, item["official_credits"]


def _check_credits(call: Call, cost: int) -> None:
    if call.state.store.value("SELECT credits FROM users WHERE id = ?", (call.user["id"],)) < cost:
        raise Refused("STATUS_INSUFFICIENT_CREDITS", echo=True)


def _pay(call: Call, kind: str, action: str, line_id: int, item: dict[str, Any], cost: int) -> None:
    store = call.state.store
    store.run("UPDATE users SET credits = credits - ? WHERE id = ?", (cost, call.user["id"]))
    left = store.value("SELECT credits FROM users WHERE id = ?", (call.user["id"],))
    store.insert(
        "users_logs",
        {
            "owner": call.user["id"],
            "type": kind,
            "action": action,
            "log_id": line_id,
            "package_id": item["id"],
            "cost": cost,
            "credits_after": left,
            "date": call.now(),
        },
    )


def _sold(call: Call, item: dict[str, Any], until: int) -> Row:
    """What a package writes into a line: its end, its bouquets or a part of them, its connections."""
    wanted = {integer(each) for each in call.items("bouquets_selected")}
    chosen = [number for number in item["bouquets"] if not wanted or number in wanted]
    return {
        "exp_date": until,
        "bouquet": json.dumps(chosen, separators=(",", ":")),
        "max_connections": item["max_connections"],
        "package_id": item["id"],
        "is_trial": int(call.plain("trial") not in (None, "", "0")),
        "updated": call.now(),
    }


def _named(call: Call) -> Row:
    """The fields that a reseller may change for nothing; what is not sent stays as it is."""
    row: Row = {}
    for name in ("password", "reseller_notes", "contact"):
        value = call.escaped(name)
        if value is not None:
            row[name] = value
    if len(row.get("password", "x" * _SHORTEST)) < _SHORTEST:
        raise Refused("STATUS_INVALID_PASSWORD", echo=True)
    return row


def _own(call: Call, line_id: int, refusal: str = "STATUS_FAILURE") -> Row:
    line = lines.find(call, line_id)
    if line["member_id"] != call.user["id"]:
        raise Refused(refusal)
    return line


def create_line(call: Call) -> Any:
    item = _package(call, "line")
    seconds, cost = _terms(call, item)
    name = call.escaped("username") or lines.random_text(10)
    if len(name) < _SHORTEST:
        raise Refused("STATUS_INVALID_USERNAME", echo=True)
    row = {"password": lines.random_text(10), **_named(call), "username": name}
    if call.state.store.row("SELECT id FROM lines WHERE username = ?", (name,)) is not None:
        raise Refused("STATUS_EXISTS_USERNAME", echo=True)
    _check_credits(call, cost)
    line_id = _insert(call, {**row, **_sold(call, item, call.now() + seconds)})
    _pay(call, "line", "new", line_id, item, cost)
    return success(shown(lines.find(call, line_id)))


def _insert(call: Call, row: Row) -> int:
    owned = {"member_id": call.user["id"], "created_at": call.now(), "allowed_outputs": "[1,2]"}
    line_id: int = call.state.store.insert("lines", {**owned, **row})
    cache.signal(call.state, line_id)
    return line_id


def edit_line(call: Call) -> Any:
    line = _own(call, call.number("id"), "STATUS_NO_PERMISSIONS")
    _renew(call, line, "line", call.plain("package"))
    lines.sync_devices(call, line["id"])
    return success(shown(lines.find(call, line["id"])))


def _renew(call: Call, line: Row, kind: str, package: str | None) -> None:
    """With a package it is bought again: from now, or from the line's own end when that is later."""
    row = _named(call)
    if package:
        item = _package(call, kind)
        seconds, cost = _terms(call, item)
        _check_credits(call, cost)
        row |= _sold(call, item, max(call.now(), line["exp_date"] or 0) + seconds)
        _pay(call, kind, "extend", line["id"], item, cost)
    if row:
        call.state.store.update("lines", {**row, "updated": call.now()}, "id = ?", (line["id"],))
        cache.signal(call.state, line["id"])


def get_line(call: Call) -> Any:
    return success(shown(_own(call, call.number("id"))))


def _device(call: Call, kind: Kind, refusal: str = "STATUS_FAILURE") -> tuple[Row, Row]:
    device = devices.find(call, kind, call.number("id"))
    return device, _own(call, device["user_id"], refusal)


def _create_device(kind: Kind, word: str) -> Callable[[Call], Any]:
    def create(call: Call) -> Any:
        item = _package(call, word)
        seconds, cost = _terms(call, item)
        mac = devices.checked_mac(call, kind, 0)
        _check_credits(call, cost)
        row = {"username": lines.random_text(32), "password": lines.random_text(32), **_named(call)}
        row |= {**_sold(call, item, call.now() + seconds), kind.line_flag: 1}
        main = lines.check_pair(call)
        if main is not None:
            row |= {"pair_id": main["id"], "exp_date": main["exp_date"], "bouquet": main["bouquet"]}
        line_id = _insert(call, row)
        device_id = call.state.store.insert(kind.table, {"user_id": line_id, "mac": mac, "lock_device": 0})
        _pay(call, word, "new", device_id, item, cost)
        return success(devices.shown_device(call, kind, devices.find(call, kind, device_id)))

    return create


def _edit_device(kind: Kind, word: str) -> Callable[[Call], Any]:
    def edit(call: Call) -> Any:
        device, line = _device(call, kind, "STATUS_NO_PERMISSIONS")
        mac = devices.checked_mac(call, kind, device[kind.key])
        _renew(call, line, word, call.plain("package"))
        call.state.store.update(kind.table, {"mac": mac}, f"{kind.key} = ?", (device[kind.key],))
        return success(devices.shown_device(call, kind, devices.find(call, kind, device[kind.key])))

    return edit


def _get_device(kind: Kind) -> Callable[[Call], Any]:
    return lambda call: success(devices.shown_device(call, kind, _device(call, kind)[0]))


def _delete_device(kind: Kind) -> Callable[[Call], Any]:
    return lambda call: devices.delete(call, kind)


def user_logs(call: Call) -> Any:
    if call.settings["version"].startswith("2.1"):
        return None
    rows = call.state.store.rows(
        "SELECT * FROM users_logs WHERE owner = ? ORDER BY id DESC LIMIT ? OFFSET ?",
        (call.user["id"], call.number("limit") or 50, max(0, call.number("start"))),
    )
    return success([shown(row) for row in rows])


def _own_sessions(listing: lists.Listing) -> Callable[[Call], Any]:
    def answer(call: Call) -> Any:
        own = ("l.member_id = ?", (call.user["id"],))
        return lists.answer(call, replace(listing, conditions=lambda call: [own, *listing.conditions(call)]))

    return answer


def no_lines(call: Call) -> Any:
    return None if call.settings["version"].startswith("2.1") else success([])


ACTIONS: dict[str, Callable[[Call], Any]] = {
    "user_info": user_info,
    "packages": packages,
    "create_line": create_line,
    "edit_line": edit_line,
    "get_line": get_line,
    "enable_line": lines.enable,
    "disable_line": lines.disable,
    "delete_line": lines.delete,
    "create_mag": _create_device(MAG, "mag"),
    "edit_mag": _edit_device(MAG, "mag"),
    "get_mag": _get_device(MAG),
    "delete_mag": _delete_device(MAG),
    "create_enigma": _create_device(ENIGMA, "e2"),
    "edit_enigma": _edit_device(ENIGMA, "e2"),
    "get_enigma": _get_device(ENIGMA),
    "delete_enigma": _delete_device(ENIGMA),
    "user_logs": user_logs,
    "get_lines": no_lines,
    "live_connections": _own_sessions(lists.LIVE),
    "activity_logs": _own_sessions(lists.ACTIVITY),
}
