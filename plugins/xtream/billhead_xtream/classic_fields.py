"""The `user_data[...]` of a classic create or edit, and what a reseller's row says."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from billhead.plugin import Desired, Owner
from billhead_xtream.accounts import LINE, Account, Resource, notes_ended, notes_with, text
from billhead_xtream.credits import balance_in
from billhead_xtream.settings import XtreamSettings

Fields = dict[str, str]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


def new_fields(settings: XtreamSettings, resource: Resource, desired: Desired) -> Fields:
    """A complete create: a column that is not named takes the database's default, which may be anything."""
    owner = desired.owner or (str(settings.member_id) if settings.member_id else "")
    columns = {
        "is_restreamer": "0",
        **_columns(settings, resource, desired),
        "mac": desired.mac or "",
        "admin_enabled": "1",
        "admin_notes": notes_with(desired.handle.ref, desired.note),
    }
    if resource is LINE:
        del columns["mac"]
    return _named(columns | ({"member_id": owner} if owner else {}))


def chosen_fields(settings: XtreamSettings, resource: Resource, desired: Desired, changes: Collection[str]) -> Fields:
    """The columns of the fields that `changes` names (none: all). Whether it is a trial is said with any of them."""
    columns = _columns(settings, resource, desired) | ({"member_id": desired.owner} if desired.owner else {})
    return _named(
        {name: value for name, value in columns.items() if not changes or _FIELD[name] in {*changes, "trial"}}
    )


def note_field(account: Account, desired: Desired) -> Fields:
    """Our reference, where somebody wiped it out; what staff wrote stays behind it."""
    if account.reference == desired.handle.ref:
        return {}
    return _named({"admin_notes": notes_with(desired.handle.ref, account.notes)})


def end_fields(account: Account, reference: str) -> Fields:
    """Blocked and nobody's any more, as nothing is deleted here."""
    return _named({"enabled": "0", "admin_notes": notes_ended(reference, account.notes)})


_FIELD = {
    "username": "login",
    "password": "password",
    "max_connections": "connections",
    "bouquet": "bouquets",
    "exp_date": "expires_at",
    "enabled": "blocked",
    "is_trial": "trial",
    "member_id": "owner",
    "is_restreamer": "restreamer",
}


def _columns(settings: XtreamSettings, resource: Resource, desired: Desired) -> Fields:
    """A box has a login of the panel's own and one connection. No expiry is an empty one. The flag of a restreamer is
    named only where the operator has said which plans have it."""
    at = desired.expires_at
    columns = {
        "bouquet": "[" + ",".join(sorted(desired.bouquets, key=int)) + "]",
        "exp_date": "" if at is None else str((at - _EPOCH) // _SECOND),
        "enabled": "0" if desired.blocked else "1",
        "is_trial": "1" if desired.trial else "0",
    }
    if resource is not LINE:
        return columns
    if settings.restreamers:
        columns["is_restreamer"] = "1" if desired.plan in settings.restreamers else "0"
    return columns | {
        "username": desired.login,
        "password": desired.password,
        "max_connections": str(desired.connections),
    }


def _named(columns: Mapping[str, str]) -> Fields:
    return {f"user_data[{name}]": value for name, value in columns.items()}


def owner_in(row: Mapping[str, Any]) -> Owner:
    """A reseller with his credits, which some builds keep with decimals."""
    return Owner(text(row, "id"), text(row, "username"), balance_in(row.get("credits")))
