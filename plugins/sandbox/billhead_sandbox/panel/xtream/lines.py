"""Lines: create, edit, read, the four switches, delete. An edit resets whatever it does not name."""

import json
import secrets
import string
from typing import Any

from billhead_sandbox.panel.php import PhpCrash, integer
from billhead_sandbox.panel.store import Row
from billhead_sandbox.panel.xtream import cache
from billhead_sandbox.panel.xtream.call import Call, Refused, shown, success
from billhead_sandbox.panel.xtream.dates import InvalidDate, parse

_FLAGS = ("is_trial", "is_restreamer", "is_isplock", "is_stalker", "bypass_ua")
_KEPT_NUMBERS = ("member_id", "package_id", "force_server_id", "pair_id")
_KEPT_TEXTS = ("admin_notes", "reseller_notes", "contact", "forced_country")
_OTHER_COLUMNS = ("is_mag", "is_e2", "created_at", "last_activity", "last_ip")
_LETTERS = string.ascii_letters + string.digits


def random_text(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def chosen_bouquets(call: Call) -> str:
    """One JSON text. Anything else kills the panel's PHP: nothing is saved and the answer has no body."""
    try:
        wanted = json.loads(call.plain("bouquets_selected") or "")
        numbers = {int(item) for item in wanted}
    except (ValueError, TypeError) as error:
        raise PhpCrash("json_decode") from error
    if not isinstance(wanted, list):
        raise PhpCrash("array_map")
    kept = [number for number in call.state.catalogue.bouquet_ids() if number in numbers]
    return json.dumps(kept, separators=(",", ":"))


def chosen_expiry(call: Call) -> int | None:
    """None is never: when `no_expire` is present at all, or no date is sent."""
    text = call.plain("exp_date")
    if "no_expire" in call.form or text is None:
        return None
    try:
        return parse(text, call.now(), call.zone())
    except InvalidDate as error:
        raise Refused("STATUS_INVALID_DATE", echo=True) from error


def chosen_list(call: Call, name: str) -> str:
    return json.dumps(call.items(name), separators=(",", ":"))


def kept_columns(call: Call) -> Row:
    """What an edit leaves alone unless it is named: owner, notes, package; and any column by its own name."""
    row: Row = {name: call.escaped(name) for name in _KEPT_TEXTS if call.plain(name) is not None}
    for name in (*_KEPT_NUMBERS, *_OTHER_COLUMNS):
        value = call.plain(name)
        if value is not None:
            row[name] = value if name == "last_ip" else integer(value)
    return row


def _columns(call: Call) -> Row:
    """The row that a create or edit writes; everything not sent falls to its default, on edit too."""
    outputs = [integer(item) for item in call.items("access_output")]
    connections = call.plain("max_connections")
    row: Row = {
        "username": call.escaped("username") or random_text(10),
        "password": call.escaped("password") or random_text(10),
        "bouquet": chosen_bouquets(call),
        "exp_date": chosen_expiry(call),
        "max_connections": 1 if connections is None else integer(connections),
        "allowed_outputs": json.dumps(outputs, separators=(",", ":")),
        "allowed_ips": chosen_list(call, "allowed_ips"),
        "allowed_ua": chosen_list(call, "allowed_ua"),
        "updated": call.now(),
        **{name: int(name in call.form) for name in _FLAGS},
        **kept_columns(call),
    }
    for name in ("enabled", "admin_enabled"):
        sent = call.plain(name)
        row[name] = 1 if sent is None else int(integer(sent) != 0)
    return row


def find(call: Call, line_id: int) -> Row:
    line = call.state.store.row("SELECT * FROM lines WHERE id = ?", (line_id,))
    if line is None:
        raise Refused()
    return line


def check_pair(call: Call) -> Row | None:
    """The main line that a device or line is paired with."""
    pair_id = call.number("pair_id")
    if not pair_id:
        return None
    main = call.state.store.row("SELECT * FROM lines WHERE id = ?", (pair_id,))
    if main is None:
        raise Refused("STATUS_INVALID_USER", echo=True)
    return main


def _check_name(call: Call, row: Row, line_id: int) -> None:
    """Read first, write later: two creates at once both pass, and the column is not unique."""
    sql = "SELECT id FROM lines WHERE username = ? AND id <> ?"
    if call.state.store.row(sql, (row["username"], line_id)) is not None:
        raise Refused("STATUS_EXISTS_USERNAME", echo=True)


def create(call: Call) -> Any:
    row = {"member_id": call.user["id"], "created_at": call.now(), **_columns(call)}
    check_pair(call)
    _check_name(call, row, 0)
    line_id = call.state.store.insert("lines", row)
    cache.signal(call.state, line_id)
    return success(shown(find(call, line_id)))


def edit(call: Call) -> Any:
    line_id = find(call, call.number("id"))["id"]
    row = _columns(call)
    check_pair(call)
    _check_name(call, row, line_id)
    call.state.store.update("lines", row, "id = ?", (line_id,))
    cache.signal(call.state, line_id)
    sync_devices(call, line_id)
    return success(shown(find(call, line_id)))


def sync_devices(call: Call, line_id: int) -> None:
    """Paired devices follow an edit of their main line: expiry, bouquets, enabled."""
    main = find(call, line_id)
    mirrored = {name: main[name] for name in ("exp_date", "bouquet", "enabled", "admin_enabled", "updated")}
    for device in call.state.store.rows("SELECT id FROM lines WHERE pair_id = ?", (line_id,)):
        call.state.store.update("lines", mirrored, "id = ?", (device["id"],))
        cache.signal(call.state, device["id"])


def get(call: Call) -> Any:
    return success(shown(find(call, call.number("id"))))


def _switch(call: Call, column: str, value: int) -> Any:
    """Idempotent. `updated` moves only when the row does, and players see it at the next cache run."""
    line = find(call, call.number("id"))
    if line[column] != value:
        call.state.store.update("lines", {column: value, "updated": call.now()}, "id = ?", (line["id"],))
    return success()


def enable(call: Call) -> Any:
    return _switch(call, "enabled", 1)


def disable(call: Call) -> Any:
    return _switch(call, "enabled", 0)


def ban(call: Call) -> Any:
    return _switch(call, "admin_enabled", 0)


def unban(call: Call) -> Any:
    return _switch(call, "admin_enabled", 1)


def remove(call: Call, line_id: int) -> None:
    """History loses its owner; sessions that still run go on, and haunt the panel when they end."""
    call.state.store.run("DELETE FROM lines WHERE id = ?", (line_id,))
    call.state.store.update("lines_activity", {"user_id": 0}, "user_id = ?", (line_id,))
    cache.signal(call.state, line_id)


def delete(call: Call) -> Any:
    """A device's hidden line may be deleted here too; its device stays as an orphan."""
    remove(call, find(call, call.number("id"))["id"])
    return success()


def reload_cache(call: Call) -> Any:
    cache.request_run(call.state)
    return success()
