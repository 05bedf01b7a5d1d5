"""The account record of REST v1 and our words for it: record → Observed, Desired → form."""

import hashlib
import re
from collections.abc import Set
from typing import Any
from zoneinfo import ZoneInfo

from billhead.plugin import UNOBSERVABLE, Desired, Handle, Observed, PanelUnreachable
from billhead_stalker import end_dates
from billhead_stalker.client import Record
from billhead_stalker.identifiers import is_login, is_number, same
from billhead_stalker.settings import StalkerSettings

FIELDS = frozenset({"login", "password", "mac", "plan", "expires_at", "blocked"})  # bouquets have a call of their own
PASSWORD = "password"  # noqa: S105 - the key in handle data
ENDED = "ended"
_MARK = "billhead-ended"
_MARKED = re.compile(rf"\b{_MARK}\b\s*")
_TEXTS = ("login", "account_number", "full_name", "phone", "comment")


def text(record: Record, name: str) -> str:
    return str(record.get(name) or "").strip()


def is_on(record: Record) -> bool:
    """An account or a box that gave a sign of life within the portal's `watchdog_timeout`."""
    return text(record, "online") == "1"


def observe(record: Record, settings: StalkerSettings, handle: Handle | None = None) -> Observed:
    """What a record says. The portal never tells a password, and one line is one connection there."""
    subscribed = record.get("subscribed")
    if not isinstance(subscribed, list):
        raise PanelUnreachable("The portal left out the packages of an account; nothing is concluded")
    return Observed(
        handle_data=handle_data(record, handle),
        login=text(record, "login"),
        mac=text(record, "stb_mac").upper() or None,
        plan=text(record, "tariff_plan"),
        bouquets=frozenset(str(package) for package in subscribed),
        expires_at=_expiry(record, settings),
        blocked=_blocked(record),
    )


def _blocked(record: Record) -> bool:
    status = str(record.get("status"))
    if status not in ("0", "1"):
        raise PanelUnreachable(f"The portal shows the status {status[:20]!r} for an account; it should be 0 or 1")
    return status == "0"


def _expiry(record: Record, settings: StalkerSettings) -> Any:
    """With internal billing off the portal leaves the end date out."""
    if "end_date" not in record:
        return UNOBSERVABLE
    shown = record["end_date"]
    try:
        return end_dates.read(shown, ZoneInfo(settings.zone))
    except ValueError as error:
        raise PanelUnreachable(f"The portal shows the end date {str(shown)[:40]!r}, which is none") from error


def is_ended(record: Record) -> bool:
    """An account that we keep, blocked, after its line has ended: nobody's, until somebody comes back to it."""
    return _blocked(record) and _MARKED.search(text(record, "comment")) is not None


def as_ended(comment: str) -> str:
    """The comment of an account that ends: our mark, and what the portal's staff wrote."""
    return f"{_MARK} {unmarked(comment)}".strip()


def unmarked(comment: str) -> str:
    return _MARKED.sub("", comment).strip()


def handle_data(record: Record, handle: Handle | None) -> dict[str, str]:
    """How the record is found again if not by our reference, and the mark of the password that was sent last.

    An account that had ended gets our reference, so its number leads nowhere; `ended` is its comment without the mark.
    """
    number, mac, login = text(record, "account_number"), text(record, "stb_mac").upper(), text(record, "login")
    data: dict[str, str] = {}
    if handle is not None and is_ended(record):
        data[ENDED] = unmarked(text(record, "comment"))
        if not same(number, handle.ref) and handle.data.get("number") != number:
            return {**data, "login": login} if is_login(login) else {**data, "mac": mac}
    if is_number(number):
        if handle is None or not same(number, handle.ref):
            data["number"] = number
    elif mac:
        data["mac"] = mac
    elif is_login(login):
        data["login"] = login
    if handle is not None and PASSWORD in handle.data:
        data[PASSWORD] = handle.data[PASSWORD]
    return data


def place(data: Any, ref: str) -> tuple[str, str]:
    """Resource and identifier of the record that this handle data speaks of."""
    if "number" in data:
        return "accounts", data["number"]
    if "mac" in data:
        return "accounts", data["mac"]
    return ("users", data["login"]) if "login" in data else ("accounts", ref)


def registered_itself(record: Record) -> bool:
    """A box that connected to a portal with auto_add_stb: a MAC, and nothing that a person wrote."""
    return not any(text(record, name) for name in _TEXTS)


def password_mark(desired: Desired) -> str:
    """Tells whether a password is still the one that was sent. Sixteen bits: too few to test guesses against."""
    return hashlib.sha256(f"{desired.handle.ref}\0{desired.password}".encode()).hexdigest()[:4]


def form(wanted: Desired, changes: Set[str], settings: StalkerSettings) -> dict[str, str]:
    """The fields that bring `changes` about. A new end date does not unblock by itself, so status goes with it."""
    values = {
        "login": wanted.login,
        "password": wanted.password,
        "stb_mac": wanted.mac or "",
        "tariff_plan": wanted.plan,
    }
    named = {"login": "login", "password": "password", "stb_mac": "mac", "tariff_plan": "plan"}
    fields = {name: value for name, value in values.items() if value and named[name] in changes}
    if "expires_at" in changes:
        fields["end_date"] = end_dates.written(wanted.expires_at, ZoneInfo(settings.zone))
    if changes & {"expires_at", "blocked"}:
        fields["status"] = "0" if wanted.blocked else "1"
    return fields


def described(record: Record) -> str:
    """For staff: which account is it?"""
    parts = (("number", "account_number"), ("login", "login"), ("MAC", "stb_mac"))
    return ", ".join(f"{label} {text(record, name) or 'none'}" for label, name in parts)
