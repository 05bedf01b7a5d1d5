"""MAG and Enigma2 devices: a MAC with a hidden line behind it, and switches that answer success and do nothing."""

import re
from dataclasses import dataclass
from typing import Any

from billhead_sandbox.panel.php import integer
from billhead_sandbox.panel.store import Row
from billhead_sandbox.panel.xtream import cache
from billhead_sandbox.panel.xtream.call import Call, Refused, shown, success
from billhead_sandbox.panel.xtream.lines import (
    check_pair,
    chosen_bouquets,
    chosen_expiry,
    chosen_list,
    kept_columns,
    random_text,
    remove,
)

_MAC = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}|[0-9A-Fa-f]{2}(-[0-9A-Fa-f]{2}){5}")
_FLAGS = ("is_trial", "is_isplock")


@dataclass(frozen=True)
class Kind:
    """Where one kind of device lives."""

    table: str
    key: str
    line_flag: str


MAG = Kind("mag_devices", "mag_id", "is_mag")
ENIGMA = Kind("enigma2_devices", "device_id", "is_e2")


def shown_device(call: Call, kind: Kind, device: Row) -> dict[str, Any]:
    store = call.state.store
    line = store.row("SELECT * FROM lines WHERE id = ?", (device["user_id"],))
    main = store.row("SELECT * FROM lines WHERE id = ?", (line["pair_id"],)) if line and line["pair_id"] else None
    return {
        **shown(device),
        "user": shown(line) if line else None,
        "paired": shown(main) if main else None,
    }


def find(call: Call, kind: Kind, device_id: int) -> Row:
    device = call.state.store.row(f"SELECT * FROM {kind.table} WHERE {kind.key} = ?", (device_id,))
    if device is None:
        raise Refused()
    return device


def checked_mac(call: Call, kind: Kind, own_id: int) -> str:
    """Stored as sent and compared as text, so one box in two spellings is two devices."""
    mac = call.plain("mac")
    if not mac:
        raise Refused("STATUS_INVALID_INPUT", echo=True)
    if not _MAC.fullmatch(mac):
        raise Refused("STATUS_INVALID_MAC", echo=True)
    sql = f"SELECT {kind.key} FROM {kind.table} WHERE mac = ? AND {kind.key} <> ?"
    if call.state.store.row(sql, (mac, own_id)) is not None:
        raise Refused("STATUS_EXISTS_MAC", echo=True)
    return mac


def _line_columns(call: Call, kind: Kind) -> Row:
    """The hidden line: one connection, outputs 1 and 2, expiry and bouquets of its main line if it is paired."""
    row: Row = {
        "bouquet": chosen_bouquets(call),
        "exp_date": chosen_expiry(call),
        "updated": call.now(),
        **{name: int(name in call.form) for name in _FLAGS},
        **kept_columns(call),
        "max_connections": 1,
        "allowed_outputs": "[1,2]",
        kind.line_flag: 1,
    }
    if "allowed_ua" in call.form:
        row["allowed_ua"] = chosen_list(call, "allowed_ua")
    for name in ("enabled", "admin_enabled"):
        if call.plain(name) is not None:
            row[name] = int(call.number(name) != 0)
    main = check_pair(call)
    if main is not None:
        row.update(exp_date=main["exp_date"], bouquet=main["bouquet"])
    return row


def _create(call: Call, kind: Kind) -> int:
    mac = checked_mac(call, kind, 0)
    line = {
        "member_id": call.user["id"],
        "created_at": call.now(),
        "username": random_text(32),
        "password": random_text(32),
        **_line_columns(call, kind),
    }
    line_id = call.state.store.insert("lines", line)
    device_id = call.state.store.insert(
        kind.table, {"user_id": line_id, "mac": mac, "lock_device": int("lock_device" in call.form)}
    )
    cache.signal(call.state, line_id)
    return device_id


def _edit(call: Call, kind: Kind) -> int:
    """`enabled` is kept when it is not sent; an expiry that is not sent becomes never."""
    device = find(call, kind, integer(call.plain("id") or ""))
    mac = checked_mac(call, kind, device[kind.key])
    call.state.store.update("lines", _line_columns(call, kind), "id = ?", (device["user_id"],))
    cache.signal(call.state, device["user_id"])
    if call.settings["version"].startswith("2.1"):
        raise Refused()  # the line is saved, the device row fails: a defect of 2.1.2
    row = {"mac": mac, "lock_device": int("lock_device" in call.form)}
    call.state.store.update(kind.table, row, f"{kind.key} = ?", (device[kind.key],))
    return int(device[kind.key])


def delete(call: Call, kind: Kind) -> Any:
    device = find(call, kind, call.number("id"))
    call.state.store.run(f"DELETE FROM {kind.table} WHERE {kind.key} = ?", (device[kind.key],))
    remove(call, device["user_id"])
    return success()


def _convert(call: Call, kind: Kind) -> Any:
    """Becomes a plain line; the answer's data says failure although it worked."""
    device = find(call, kind, call.number("id"))
    call.state.store.run(f"DELETE FROM {kind.table} WHERE {kind.key} = ?", (device[kind.key],))
    call.state.store.update("lines", {kind.line_flag: 0, "updated": call.now()}, "id = ?", (device["user_id"],))
    return success({"status": "STATUS_FAILURE"})


def _wrong_object(call: Call, device_id: int) -> Any:
    """Enigma calls answer with the MAG that happens to have this number, or null."""
    mag = call.state.store.row("SELECT * FROM mag_devices WHERE mag_id = ?", (device_id,))
    return {"status": "STATUS_SUCCESS", "data": shown_device(call, MAG, mag) if mag else None}


def create_mag(call: Call) -> Any:
    return success(shown_device(call, MAG, find(call, MAG, _create(call, MAG))))


def edit_mag(call: Call) -> Any:
    return success(shown_device(call, MAG, find(call, MAG, _edit(call, MAG))))


def get_mag(call: Call) -> Any:
    return success(shown_device(call, MAG, find(call, MAG, call.number("id"))))


def delete_mag(call: Call) -> Any:
    return delete(call, MAG)


def convert_mag(call: Call) -> Any:
    return _convert(call, MAG)


def create_enigma(call: Call) -> Any:
    return _wrong_object(call, _create(call, ENIGMA))


def edit_enigma(call: Call) -> Any:
    return _wrong_object(call, _edit(call, ENIGMA))


def get_enigma(call: Call) -> Any:
    return success(shown_device(call, ENIGMA, find(call, ENIGMA, call.number("id"))))


def delete_enigma(call: Call) -> Any:
    return delete(call, ENIGMA)


def convert_enigma(call: Call) -> Any:
    return _convert(call, ENIGMA)


def switch_nothing(call: Call) -> Any:
    """enable, disable, ban and unban of a device: success, and no change. Act on the line instead."""
    return success()
