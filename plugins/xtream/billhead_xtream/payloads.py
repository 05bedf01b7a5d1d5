"""The complete payload of a create or edit call.

An edit resets whatever it does not name: the login to random letters, the expiry to never, a block to none. So every
edit is built from the whole stored row, field by field, with the wanted fields over it. What an edit keeps by itself
(owner, pair, the resellers' notes; package and country, where none is wished) is left out, and so can't be spoilt by
being sent back.
"""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta

from billhead.plugin import Desired
from billhead_xtream.accounts import LINE, Account, Resource, expiry_in, flag, id_list, items, notes_with, text
from billhead_xtream.client import number
from billhead_xtream.settings import XtreamSettings

Payload = dict[str, str | list[str]]

_PRESENCE_FLAGS = ("is_isplock", "is_stalker", "bypass_ua")  # sent at all means 1, even as "0"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


def create_payload(settings: XtreamSettings, resource: Resource, desired: Desired) -> Payload:
    payload = _together(_wanted(settings, resource, desired).values())
    payload["admin_notes"] = notes_with(desired.handle.ref, desired.note)
    if settings.member_id and not desired.owner:
        payload["member_id"] = str(settings.member_id)
    if resource is LINE:
        payload["access_output[]"] = list(settings.output_ids)
    else:  # left out, it stays null in the database and an early version's portal fails on it
        payload["allowed_ua"] = "[]"
    return payload


def edit_payload(settings: XtreamSettings, account: Account, desired: Desired, changes: Collection[str]) -> Payload:
    """Everything as it is stored, with the fields that `changes` names (none: all) as desired. A ban stays a ban."""
    wanted = _wanted(settings, account.resource, desired)
    named = {*changes, "trial", "package"}
    chosen = {field: part for field, part in wanted.items() if not changes or field in named}
    payload = _together((_stored(settings, account) | chosen).values())
    if account.reference != desired.handle.ref:
        payload["admin_notes"] = notes_with(desired.handle.ref, account.notes)
    return payload


def _together(parts: Iterable[Payload]) -> Payload:
    return {name: value for part in parts for name, value in part.items()}


def _wanted(settings: XtreamSettings, resource: Resource, desired: Desired) -> dict[str, Payload]:
    """The parameters that say each field of Desired. A device has no login of ours and always one connection."""
    parts: dict[str, Payload] = {
        "bouquets": _bouquets(settings, sorted(map(int, desired.bouquets))),
        "expires_at": _expiry(desired.expires_at),
        "blocked": {"enabled": "0" if desired.blocked else "1"},
        "trial": {"is_trial": "1"} if desired.trial else {},
        "owner": {"member_id": desired.owner} if desired.owner else {},
    }
    if resource.is_device:
        leads = pair_of(desired)
        return parts | {"mac": {"mac": desired.mac or ""}, "pair": {"pair_id": str(leads)} if leads else {}}
    if settings.restreamers:
        parts["restreamer"] = {"is_restreamer": "1"} if desired.plan in settings.restreamers else {}
    return parts | {
        "login": {"username": desired.login},
        "password": {"password": desired.password},
        "connections": {"max_connections": str(desired.connections)},
        "country": {} if desired.country is None else {"forced_country": desired.country},
        "package": {"package_id": desired.plan} if desired.plan.isascii() and desired.plan.isdecimal() else {},
    }


def _stored(settings: XtreamSettings, account: Account) -> dict[str, Payload]:
    line, device = account.line, account.device
    parts: dict[str, Payload] = {
        "id": {"id": str(account.id)},
        "bouquets": _bouquets(settings, id_list(line, "bouquet")),
        "expires_at": _expiry(expiry_in(line)),
        "blocked": {"enabled": "1" if flag(line, "enabled") else "0"},
        "banned": {"admin_enabled": "1" if flag(line, "admin_enabled") else "0"},
        "flags": {name: "1" for name in _PRESENCE_FLAGS if flag(line, name)},
    }
    if flag(line, "is_restreamer"):
        parts["restreamer"] = {"is_restreamer": "1"}
    agents = items(line, "allowed_ua")
    if device is not None:
        return parts | {
            "mac": {"mac": text(device, "mac")},
            "lock": {"lock_device": "1"} if flag(device, "lock_device") else {},
            "agents": {"allowed_ua[]": agents} if agents else {"allowed_ua": "[]"},
        }
    return parts | {
        "login": {"username": text(line, "username")},
        "password": {"password": text(line, "password")},
        "connections": {"max_connections": str(number(line.get("max_connections")) or 0)},
        "outputs": {"access_output[]": items(line, "allowed_outputs")},
        "places": {"allowed_ips[]": items(line, "allowed_ips")},
        "agents": {"allowed_ua[]": agents},
    }


def pair_of(desired: Desired) -> int:
    """The id of the line that a box should hang on; 0 for none, or for one that is not on the panel yet."""
    return (number(desired.pair.data.get("line_id")) or 0) if desired.pair is not None else 0


def _bouquets(settings: XtreamSettings, ids: list[int]) -> Payload:
    if settings.bouquet_encoding == "array":
        return {"bouquets_selected[]": [str(found) for found in ids]}
    return {"bouquets_selected": "[" + ",".join(map(str, ids)) + "]"}


def _expiry(at: datetime | None) -> Payload:
    """`@seconds` is the only form that no time zone can bend; a missing date would mean never, an empty one 1970."""
    return {"no_expire": "1"} if at is None else {"exp_date": f"@{(at - _EPOCH) // _SECOND}"}
