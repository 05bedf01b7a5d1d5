"""Panel users and their credits."""

import hashlib
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from billhead_sandbox.panel.store import Row
from billhead_sandbox.panel.xtream.call import Call, Refused, shown, success


def _find(call: Call) -> Row:
    user = call.state.store.row("SELECT * FROM users WHERE id = ?", (call.number("id"),))
    if user is None:
        raise Refused()
    return user


def _hash(password: str) -> str:
    return "$6$rounds=20000$xui$" + hashlib.sha512(password.encode()).hexdigest()


def _group(call: Call) -> int:
    group = call.number("member_group_id")
    if not any(item["group_id"] == group for item in call.state.catalogue.groups):
        raise Refused("STATUS_INVALID_GROUP", echo=True)
    return group


def _check_name(call: Call, name: str, own_id: int) -> None:
    taken = call.state.store.row("SELECT id FROM users WHERE username = ? AND id <> ?", (name, own_id))
    if taken is not None:
        raise Refused("STATUS_EXISTS_USERNAME", echo=True)


def user_info(call: Call) -> Any:
    return success(shown(call.user))


def create(call: Call) -> Any:
    group = _group(call)
    name = call.escaped("username") or ""
    if not name or not call.plain("password"):
        raise Refused("STATUS_INVALID_INPUT", echo=True)
    _check_name(call, name, 0)
    user_id = call.state.store.insert(
        "users",
        {
            "username": name,
            "password": _hash(call.plain("password") or ""),
            "email": call.escaped("email") or "",
            "member_group_id": group,
            "credits": call.number("credits"),
            "notes": call.escaped("notes") or "",
            "owner_id": call.number("owner_id"),
            "date_registered": call.now(),
        },
    )
    created = call.state.store.row("SELECT * FROM users WHERE id = ?", (user_id,))
    return success(shown(created or {}))


def edit(call: Call) -> Any:
    user = _find(call)
    row: Row = {"member_group_id": _group(call)}
    for name in ("username", "email", "notes"):
        if call.plain(name) is not None:
            row[name] = call.escaped(name)
    for name in ("owner_id", "credits"):
        if call.plain(name) is not None:
            row[name] = call.number(name)
    if call.plain("password"):
        row["password"] = _hash(call.plain("password") or "")
    _check_name(call, str(row.get("username") or user["username"]), user["id"])
    call.state.store.update("users", row, "id = ?", (user["id"],))
    return success(shown(_find(call)))


def get(call: Call) -> Any:
    return success(shown(_find(call)))


def delete(call: Call) -> Any:
    call.state.store.run("DELETE FROM users WHERE id = ?", (_find(call)["id"],))
    return success()


def enable(call: Call) -> Any:
    return _set_status(call, 1)


def disable(call: Call) -> Any:
    return _set_status(call, 0)


def _set_status(call: Call, status: int) -> Any:
    call.state.store.update("users", {"status": status}, "id = ?", (_find(call)["id"],))
    return success()


def adjust_credits(call: Call) -> Any:
    """A signed delta, fractions cut off, nothing idempotent about it; below zero is refused."""
    user = _find(call)
    balance = user["credits"] + call.number("credits")
    if balance < 0:
        raise Refused()
    call.state.store.update("users", {"credits": balance}, "id = ?", (user["id"],))
    call.state.store.insert(
        "users_credits_logs",
        {
            "target_id": user["id"],
            "admin_id": call.user["id"],
            "amount": balance,  # the panel logs the new balance, not the delta
            "date": call.now(),
            "reason": call.escaped("reason") or "",
        },
    )
    return success()


def show_log_entry(call: Call, row: Row) -> dict[str, Any]:
    local = datetime.fromtimestamp(row["date"], UTC).astimezone(ZoneInfo(call.settings["timezone"]))
    return {**shown(row), "date": local.strftime("%Y-%m-%d %H:%M:%S")}
