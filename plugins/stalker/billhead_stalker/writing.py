"""Creating and changing an account: write, read back, compare. The portal says OK to much that it does not do."""

import logging
from collections.abc import Set
from itertools import count
from typing import Any

from billhead.plugin import (
    UNOBSERVABLE,
    Desired,
    Handle,
    Observed,
    PanelConnection,
    PanelError,
    PanelRejected,
    PanelUnclear,
)
from billhead_stalker import planning, tariffs
from billhead_stalker.answers import Taken
from billhead_stalker.client import Portal, Record
from billhead_stalker.identifiers import same
from billhead_stalker.owning import give_to_owner
from billhead_stalker.records import (
    ENDED,
    FIELDS,
    PASSWORD,
    as_ended,
    described,
    form,
    is_ended,
    observe,
    password_mark,
    place,
    registered_itself,
    text,
)

_log = logging.getLogger(__name__)
_NOT_BY_REST = {"owner"}


def create(portal: Portal, wanted: Desired) -> Observed:
    """Only after a proven absence: the portal would make a second account of the same number."""
    _check_plan(portal, wanted)
    never_ends = {"expires_at"} if wanted.expires_at is None else set()
    fields = {**form(wanted, FIELDS - never_ends, portal.settings), "account_number": wanted.handle.ref}
    if wanted.note:
        fields["comment"] = wanted.note
    try:
        portal.create(fields)
    except Taken:  # by an earlier try of ours whose answer was lost, or by a stranger
        records = portal.accounts(wanted.handle.ref)
        if len(records) != 1:
            raise
        seen = observe(records[0], portal.settings, wanted.handle)
        return update(portal, wanted, seen, planning.differences(wanted, seen))
    handle = _handle_after(wanted, FIELDS)
    record = _read_back(portal, wanted.handle.ref)
    seen, _ = _settled(portal, wanted, observe(record, portal.settings, handle), FIELDS | {"bouquets"}, handle)
    return _owned(portal.panel, wanted, seen, bool(wanted.owner))


def update(portal: Portal, wanted: Desired, found: Observed, changes: Set[str]) -> Observed:
    """Bring `changes` about. A login or MAC that someone else holds is refused last: a block is never held up by it."""
    refused = _held_by_others(portal, wanted, found, changes)
    fields = changes - refused.keys() - _NOT_BY_REST
    if "plan" in fields:
        _check_plan(portal, wanted)
        fields |= {"bouquets"}  # packages fall asleep and wake with the plan
    identifier = _write(portal, wanted, found, fields)
    handle = _handle_after(wanted, fields)
    record = None if fields <= {"bouquets"} else _read_back(portal, identifier)
    seen = found if record is None else observe(record, portal.settings, handle)
    seen, record = _settled(portal, wanted, seen, fields, handle, record)
    if fields & {"plan", "bouquets"} and record is not None:
        _refresh(portal, identifier, record)
    seen = _owned(portal.panel, wanted, seen, "owner" in changes)
    if refused:
        raise PanelRejected("; ".join(refused.values()))
    return seen


def _write(portal: Portal, wanted: Desired, found: Observed, fields: Set[str]) -> str:
    """Send the account's own fields; the number by which the account is found afterwards."""
    resource, identifier = place(found.handle_data, wanted.handle.ref)
    sent = form(wanted, fields, portal.settings)
    if "number" not in found.handle_data and identifier != wanted.handle.ref:
        sent["account_number"] = wanted.handle.ref
    if ENDED in found.handle_data and "blocked" in fields:
        sent["comment"] = found.handle_data[ENDED]
    if sent:
        portal.update(resource, identifier, sent)
    number = identifier if "number" in found.handle_data else wanted.handle.ref
    if "mac" in fields and wanted.mac is None:
        portal.end_sessions(number, forget_box=True)
    elif "password" in fields and PASSWORD in found.handle_data:
        portal.end_sessions(number)
    return number


def _settled(
    portal: Portal, wanted: Desired, seen: Observed, fields: Set[str], handle: Handle, record: Record | None = None
) -> tuple[Observed, Record | None]:
    """Packages come last, because the plan decides which there are; then everything written must show. The record is
    the one that was read last, if any was."""
    if "bouquets" in fields and seen.bouquets is not UNOBSERVABLE and seen.bouquets != wanted.bouquets:
        number = place(seen.handle_data, wanted.handle.ref)[1]
        portal.subscribe(number, wanted.bouquets - seen.bouquets, seen.bouquets - wanted.bouquets)
        record = _read_back(portal, number)
        seen = observe(record, portal.settings, handle)
    missed = (planning.differences(wanted, seen) & fields) - {"password"}
    if missed:
        raise PanelRejected("; ".join(_missed(name, wanted, seen) for name in sorted(missed)))
    return seen, record


def _owned(panel: PanelConnection, wanted: Desired, seen: Observed, needed: bool) -> Observed:
    """The reseller comes after all that REST v1 can do: what is paid for does not wait for the database."""
    return give_to_owner(panel, wanted, seen) if needed and panel.settings.has_database else seen


def _refresh(portal: Portal, number: str, record: Record) -> None:
    """Tell a box that is on to load its channels anew. A courtesy: without it they come at the next start."""
    if not portal.settings.refresh_boxes or text(record, "online") != "1":
        return
    try:
        portal.send_event(number, "update_channels")
    except PanelError as error:
        _log.warning("%s: the box of %s was not told of its new channels: %s", portal.code, number, error)


def _missed(name: str, wanted: Desired, seen: Observed) -> str:
    if name == "bouquets" and isinstance(seen.bouquets, frozenset) and wanted.bouquets - seen.bouquets:
        packages = ", ".join(sorted(wanted.bouquets - seen.bouquets))
        return f"the portal did not subscribe {packages}: it is not an optional package of the plan {seen.plan}"
    return f"the portal said OK, but shows {name} {_shown(seen, name)} instead of {_shown(wanted, name)}"


def _shown(side: Any, name: str) -> str:
    value = getattr(side, name)
    return ", ".join(sorted(value)) or "none" if isinstance(value, frozenset) else str(value)


def _read_back(portal: Portal, number: str) -> Record:
    records = portal.accounts(number)
    if len(records) != 1:
        how_many = "no account" if not records else f"{len(records)} accounts"
        raise PanelUnclear(f"The portal said OK, then showed {how_many} of the number {number}")
    return records[0]


def _handle_after(wanted: Desired, fields: Set[str]) -> Handle:
    data = dict(wanted.handle.data)
    if "password" in fields:
        data[PASSWORD] = password_mark(wanted)
    return Handle(wanted.handle.ref, data)


def _check_plan(portal: Portal, wanted: Desired) -> None:
    """An unknown plan would be accepted, and the account fall to the default plan without a word."""
    if wanted.plan and not tariffs.has_plan(portal, wanted.plan):
        known = ", ".join(sorted(tariffs.fetch(portal).plans)) or "none"
        raise PanelRejected(
            f"The portal has no plan of the external id {wanted.plan!r}; it has: {known}",
            hint="Set the external id of the tariff plan in the portal, or correct the plan's name for this panel.",
        )


def _held_by_others(portal: Portal, wanted: Desired, found: Observed, changes: Set[str]) -> dict[str, str]:
    """Who else holds the new login or MAC? A box that registered itself and an account that has ended give way;
    other holders are named."""
    refused = {}
    if "login" in changes:
        holder = portal.user(wanted.login)
        if holder is not None and not _is_ours(holder, wanted, found):
            refused["login"] = f"the login {wanted.login} belongs to another account: {described(holder)}"
    if "mac" in changes and wanted.mac:
        holders = portal.accounts(wanted.mac)
        strangers = [record for record in holders if not _is_ours(record, wanted, found)]
        for ended in filter(is_ended, strangers):
            portal.update("users", text(ended, "login"), {"stb_mac": ""})
        strangers = [record for record in strangers if not is_ended(record)]
        if len(holders) == 1 and all(map(registered_itself, strangers)) and strangers:
            _set_aside(portal, wanted.mac)
        elif strangers:
            names = "; ".join(described(record) for record in strangers)
            refused["mac"] = f"the MAC {wanted.mac} belongs to another account: {names}"
    return refused


def _set_aside(portal: Portal, mac: str) -> None:
    """What a box made for itself is not ours to delete: it is kept, blocked, without the box, under a name of its own.

    The name comes first: an account without number, MAC and login could not be asked for any more.
    """
    bare = mac.replace(":", "").lower()
    names = (bare if tried == 1 else f"{bare}-{tried}" for tried in count(1))
    free = next(name for name in names if portal.user(name) is None)
    portal.update("accounts", mac, {"login": free, "status": "0", "comment": as_ended(f"registered itself as {mac}")})
    portal.end_sessions(mac, forget_box=True)


def _is_ours(record: Record, wanted: Desired, found: Observed) -> bool:
    return same(text(record, "account_number"), found.handle_data.get("number", wanted.handle.ref))
