"""`stb`, `stb_auth` and `stb_modules`: the same records seen as boxes, with a status that POST forgets to invert."""

import json
import secrets
from typing import Any

from billhead_sandbox.panel.php import PhpCrash, empty, integer
from billhead_sandbox.panel.stalker import dates
from billhead_sandbox.panel.stalker.accounts import digest
from billhead_sandbox.panel.stalker.call import Call, RestError, is_online
from billhead_sandbox.panel.stalker.events import CUT_OFF, CUT_ON, queue
from billhead_sandbox.panel.stalker.identifiers import boxes, boxes_or, matching, normal_mac
from billhead_sandbox.panel.store import Row

_CREATE = ("mac", "login", "password", "status", "additional_services_on", "ls", "end_date", "account_balance")
_UPDATE = ("status", "additional_services_on", "ls", "end_date", "reboot")


def _shown(call: Call, box: Row) -> dict[str, Any]:
    record = {
        "mac": box["stb_mac"],
        "ls": box["account_number"],
        "login": box["login"],
        "status": 0 if box["blocked"] else 1,
        "online": "1" if is_online(call, box) else "0",
        "ip": box["ip"],
        "version": box["version"],
        "last_active": box["last_active"],
        "additional_services_on": str(box["additional_services_on"]),
        "end_date": box["end_date"],
        "account_balance": box["account_balance"],
    }
    if not call.settings["enable_internal_billing"]:
        del record["end_date"]
    return record


def list_boxes(call: Call) -> Any:
    """An unknown id gives an empty list, not an error."""
    return [_shown(call, box) for box in boxes(call)]


def create_box(call: Call) -> Any:
    """`status` is stored as sent, so 1 creates a BLOCKED box and 0 an active one. Logins may repeat."""
    fields = call.known_fields(_CREATE, "HTTP POST data is empty")
    store = call.state.store
    mac = ""
    if fields.get("mac"):
        mac = normal_mac(fields["mac"]) or ""
        if not mac:
            raise RestError("Not valid mac address")
        if matching(store, "stb_mac", (mac,)):
            raise RestError("Stb already exists")
    elif empty(fields.get("login", "")) or not fields.get("password"):
        raise RestError("Login and password required")
    starts_active = bool(call.settings["default_stb_status"])
    blocked = integer(fields["status"]) if "status" in fields else int(not starts_active)
    row = {
        "stb_mac": mac,
        "login": fields.get("login", "")[:64],
        "account_number": fields.get("ls", "")[:64],
        "blocked": 1 if blocked else 0,
        "additional_services_on": integer(fields.get("additional_services_on", "1")),
        "end_date": dates.stored(fields.get("end_date", "")),
        "account_balance": fields.get("account_balance", "")[:16],
    }
    box_id = store.insert("stalker_accounts", row)
    if fields.get("password"):
        store.update("stalker_accounts", {"password": digest(fields["password"], box_id)}, "id = ?", (box_id,))
    created = store.row("SELECT * FROM stalker_accounts WHERE id = ?", (box_id,))
    return _shown(call, created) if created else False


def update_boxes(call: Call) -> Any:
    """Here the status is inverted as it should be, and every PUT with one queues an event, changed or not."""
    if not call.identifiers and not call.settings["allow_multiple_stb_update"]:
        raise RestError("Identifier required")
    fields = call.known_fields(_UPDATE, "Insert data is empty")
    found = boxes(call)
    if not found:
        return False
    row: Row = {}
    if "status" in fields:
        row["blocked"] = int(empty(fields["status"]))
    if "additional_services_on" in fields:
        row["additional_services_on"] = integer(fields["additional_services_on"])
    if "ls" in fields:
        row["account_number"] = fields["ls"][:64]
    if "end_date" in fields:
        row["end_date"] = dates.stored(fields["end_date"])
    for box in found:
        call.state.store.update("stalker_accounts", row, "id = ?", (box["id"],))
        box.update(row)
        if "status" in fields:
            queue(call.state, box["id"], CUT_OFF if row["blocked"] else CUT_ON)
        if "reboot" in fields:
            queue(call.state, box["id"], "reboot")
    return [_shown(call, box) for box in found]


def delete_boxes(call: Call) -> Any:
    if not call.identifiers:
        raise RestError("Identifier required")
    for box in boxes_or(call, "STB not found"):
        call.state.store.run("DELETE FROM stalker_accounts WHERE id = ?", (box["id"],))
    return True


def reset_authorisation(call: Call) -> Any:
    """PUT stb_auth: a new stored token ends what is running; `reset_device_id` also frees the login for another box."""
    for box in boxes_or(call, "Empty stb list"):
        row: Row = {"token": secrets.token_hex(16).upper()}
        if "reset_device_id" in call.form and not empty(str(call.form["reset_device_id"])):
            row.update(stb_mac="", device_id="", device_id2="")
        call.state.store.update("stalker_accounts", row, "id = ?", (box["id"],))
    return True


def get_modules(call: Call) -> Any:
    box = boxes_or(call, "Empty stb list")[0]
    lists = {name: json.loads(box[name]) for name in ("disabled", "restricted")}
    if any(isinstance(value, str) for value in lists.values()):
        raise PhpCrash("Uncaught TypeError: in_array(): Argument #2 ($haystack) must be of type array, string given")
    if call.settings["enable_tariff_plans"]:
        lists["disabled"] = []
    return lists


def set_modules(call: Call) -> Any:
    """Replaces the lists. A plain value is stored as it is and breaks every later read of that account."""
    sent: Row = {name: json.dumps(call.form[name]) for name in ("disabled", "restricted") if name in call.form}
    if not sent:
        raise RestError("Insert data is empty")
    for box in boxes_or(call, "Empty stb list"):
        call.state.store.update("stalker_accounts", sent, "id = ?", (box["id"],))
    return True
