"""`accounts` and `users`: the same records, once by account number and once by login."""

import hashlib
from typing import Any

from billhead_sandbox.panel.php import empty
from billhead_sandbox.panel.stalker import dates
from billhead_sandbox.panel.stalker.call import Call, RestError, is_online, single
from billhead_sandbox.panel.stalker.events import CUT_OFF, CUT_ON, queue
from billhead_sandbox.panel.stalker.identifiers import accounts_by, matching, normal_mac
from billhead_sandbox.panel.stalker.tariffs import subscribed
from billhead_sandbox.panel.store import Row

FIELDS = (
    "login",
    "password",
    "full_name",
    "phone",
    "account_number",
    "tariff_plan",
    "status",
    "stb_mac",
    "comment",
    "end_date",
    "account_balance",
)
_LENGTHS = {"login": 64, "full_name": 64, "phone": 64, "account_number": 64, "stb_mac": 64, "account_balance": 16}
_SQL_LEAK = (
    "Query failed by reason : You have an error in your SQL syntax; check the manual that corresponds to your MariaDB"
    " server version for the right syntax to use near '' at line 1; query: select * from tariff_plan where external_id="
)


def digest(password: str, account_id: int) -> str:
    """The portal's salted digest."""
    inner = hashlib.md5(password.encode(), usedforsecurity=False).hexdigest()
    return hashlib.md5(f"{inner}{account_id}".encode(), usedforsecurity=False).hexdigest()


def shown(call: Call, account: Row) -> dict[str, Any]:
    plan = call.state.catalogue.plan_in_force(account["tariff_plan_id"])
    packages = subscribed(call.state, account)
    record = {
        "login": account["login"],
        "full_name": account["full_name"],
        "phone": account["phone"],
        "account_number": account["account_number"],
        "tariff_plan": plan["external_id"] if plan else "",
        "stb_sn": account["stb_sn"],
        "stb_mac": account["stb_mac"],
        "stb_type": account["stb_type"],
        "status": 0 if account["blocked"] else 1,
        "online": "1" if is_online(call, account) else "0",
        "ip": account["ip"],
        "version": account["version"],
        "comment": account["comment"],
        "end_date": account["end_date"],
        "account_balance": account["account_balance"],
        "last_active": account["last_active"],
        "subscribed": [package["external_id"] for package in packages],
        "subscribed_id": [str(package["id"]) for package in packages],
    }
    if not call.settings["enable_internal_billing"]:
        del record["end_date"]
    return record


def _found(call: Call, column: str) -> list[Row]:
    rows = accounts_by(call, column)
    if call.identifiers and not rows:
        raise RestError("Account not found")
    if len(rows) < len(call.identifiers):
        raise RestError("One or more identifiers are incorrect")
    return rows


def get_accounts(call: Call) -> Any:
    return [shown(call, account) for account in _found(call, "account_number")]


def get_users(call: Call) -> Any:
    """A single object for one login; the list for none."""
    rows = _found(call, "login")
    return shown(call, rows[0]) if call.identifiers else [shown(call, account) for account in rows]


def create(call: Call) -> Any:
    """POST ignores identifiers. Only the login is checked against others, never the account number."""
    fields = call.known_fields(FIELDS, "HTTP POST data is empty")
    store = call.state.store
    mac = ""
    if fields.get("stb_mac"):
        mac = normal_mac(fields["stb_mac"]) or ""
        if not mac:
            raise RestError("Not valid mac address")
    login = fields.get("login", "")
    if empty(login):
        raise RestError("Login required")
    if matching(store, "login", (login,)):
        raise RestError("Login already in use")
    if mac and matching(store, "stb_mac", (mac,)):
        raise RestError("MAC address already in use")
    row = _columns(call, {**fields, "stb_mac": mac})
    blocked = int(empty(fields["status"])) if "status" in fields else 0
    account_id = store.insert("stalker_accounts", {**row, "blocked": blocked})
    if fields.get("password"):
        _set_password(call, account_id, fields["password"])
    return True


def _columns(call: Call, fields: dict[str, str]) -> Row:
    """Fields as the database keeps them: cut, dates zeroed, an unknown plan turned into none."""
    row: Row = {name: fields[name][:length] for name, length in _LENGTHS.items() if name in fields}
    if "comment" in fields:
        row["comment"] = fields["comment"]
    if "end_date" in fields:
        row["end_date"] = dates.stored(fields["end_date"])
    if "tariff_plan" in fields:
        row["tariff_plan_id"] = call.state.catalogue.plan_id(fields["tariff_plan"])
    return row


def _set_password(call: Call, account_id: int, password: str) -> None:
    call.state.store.update("stalker_accounts", {"password": digest(password, account_id)}, "id = ?", (account_id,))


def _update(call: Call, column: str) -> Any:
    """Changes every record that matches. The status goes second and separately: the two steps are not one."""
    single(call)
    rows = _found(call, column)
    fields = call.known_fields(FIELDS, "Insert data is empty")
    if fields.get("tariff_plan") == "":
        raise RestError(_SQL_LEAK)
    if "login" in fields:
        _check_login(call, fields["login"], rows)
    for account in rows:
        _write(call, account, fields)
    for account in rows:
        if "status" in fields:
            _set_status(call, account, blocked=empty(fields["status"]))
    return True


def _check_login(call: Call, login: str, rows: list[Row]) -> None:
    if empty(login):
        raise RestError("Login required")
    own = {account["id"] for account in rows}
    if any(account["id"] not in own for account in matching(call.state.store, "login", (login,))):
        raise RestError("Login already in use")


def _write(call: Call, account: Row, fields: dict[str, str]) -> None:
    """A MAC is stored exactly as sent; a new one ends the old box's token and device ids, an empty one keeps them."""
    row = _columns(call, fields)
    new_mac = row.get("stb_mac")
    if new_mac and new_mac != account["stb_mac"]:
        row.update(token="", device_id="", device_id2="")
    call.state.store.update("stalker_accounts", row, "id = ?", (account["id"],))
    if fields.get("password"):
        _set_password(call, account["id"], fields["password"])


def _set_status(call: Call, account: Row, *, blocked: bool) -> None:
    if bool(account["blocked"]) == blocked:
        return
    call.state.store.update("stalker_accounts", {"blocked": int(blocked)}, "id = ?", (account["id"],))
    queue(call.state, account["id"], CUT_OFF if blocked else CUT_ON)


def _delete(call: Call, column: str) -> Any:
    """Deletes every record that matches; subscriptions stay behind, harmless because ids are not reused."""
    single(call)
    for account in _found(call, column):
        call.state.store.run("DELETE FROM stalker_accounts WHERE id = ?", (account["id"],))
    return True


def update_account(call: Call) -> Any:
    return _update(call, "account_number")


def update_user(call: Call) -> Any:
    return _update(call, "login")


def delete_account(call: Call) -> Any:
    return _delete(call, "account_number")


def delete_user(call: Call) -> Any:
    return _delete(call, "login")
