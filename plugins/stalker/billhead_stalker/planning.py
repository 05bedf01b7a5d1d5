"""From what the portal shows to what it should show: pure, no network."""

from collections.abc import Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

from billhead.plugin import (
    UNOBSERVABLE,
    Desired,
    Free,
    Impossible,
    InvalidInput,
    LineKind,
    Observed,
    Step,
    diff,
    parse_mac,
)
from billhead_stalker import end_dates
from billhead_stalker.identifiers import is_login, is_number
from billhead_stalker.records import ENDED, PASSWORD, password_mark
from billhead_stalker.settings import StalkerSettings

KINDS = frozenset({LineKind.STREAM, LineKind.MAG})


def steps(settings: StalkerSettings, desired: Desired, found: Observed | None) -> Sequence[Step]:
    refused = _impossible(desired)
    if refused:
        return refused
    wanted = sayable(settings, desired)
    if found is None:
        return [Free("create", wanted)]
    changes = differences(wanted, found)
    if changes:
        return [Free("update", wanted, found, changes)]
    # the rest is said only when all else is in step: a block must not wait for the operator
    if settings.portal_ends_lines and desired.expires_at is not None and found.expires_at is UNOBSERVABLE:
        why = (
            "the portal shows no end dates, so it ends no line: set enable_internal_billing = true in its custom.ini, "
            "or switch off 'The portal ends lines by itself' in the panel's settings"
        )
        return [Impossible("expires_at", why)]
    if desired.connections > 1:
        return [Impossible("connections", "a Stalker portal lets each account watch on one screen")]
    return []


def sayable(settings: StalkerSettings, desired: Desired) -> Desired:
    """Desired in the portal's words: whole days of its zone, one connection. If we end lines, no date at all."""
    expires_at = None
    if settings.portal_ends_lines and desired.expires_at is not None:
        expires_at = end_dates.served_until(desired.expires_at, ZoneInfo(settings.zone))
    return replace(desired, expires_at=expires_at, connections=1)


def differences(wanted: Desired, found: Observed) -> frozenset[str]:
    """The fields to change. An app line without a MAC may have got one by the portal's login form: that is no fault."""
    seen = found
    if wanted.mac is None and wanted.kind is LineKind.STREAM:
        seen = replace(seen, mac=UNOBSERVABLE)
    if not wanted.plan:
        seen = replace(seen, plan=UNOBSERVABLE)
    changes = frozenset().union(*(step.changes for step in diff(wanted, seen) if isinstance(step, Free)))
    if ENDED in found.handle_data:
        changes |= {"blocked"}  # its mark goes, whether or not it may be watched
    return changes | {"password"} if _password_is_new(wanted, found) else changes


def _password_is_new(wanted: Desired, found: Observed) -> bool:
    """The portal never tells: compared is the mark of what was sent last. A line without a mark gets ours once."""
    sent = found.handle_data.get(PASSWORD) or wanted.handle.data.get(PASSWORD)
    return bool(wanted.password) and sent != password_mark(wanted)


def _impossible(desired: Desired) -> list[Step]:
    """What can't be said in REST v1 at all. The account number must also not be taken for a MAC anywhere."""
    refused: list[Step] = []
    if desired.kind not in KINDS:
        refused.append(Impossible("kind", f"a Stalker portal knows boxes and logins, no {desired.kind} devices"))
    if not is_number(desired.handle.ref):
        refused.append(Impossible("handle", f"{desired.handle.ref!r} can't be an account number on the portal"))
    if not is_login(desired.login):
        why = f"{desired.login!r} can't be a login on the portal: letters, digits and . _ @ - only, and never 0"
        refused.append(Impossible("login", why))
    if desired.mac is not None and not _is_plain_mac(desired.mac):
        refused.append(Impossible("mac", f"{desired.mac!r} is not a MAC like 00:1A:79:AA:BB:01"))
    return refused


def _is_plain_mac(mac: str) -> bool:
    try:
        return parse_mac(mac) == mac
    except InvalidInput:
        return False
