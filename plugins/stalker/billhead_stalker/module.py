"""The provisioning module `stalker`: one account record per service, found by our reference as account number."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace

from billhead.plugin import (
    Absent,
    Access,
    Ambiguous,
    Capabilities,
    Catalogue,
    Desired,
    Expiry,
    Foreign,
    Found,
    Free,
    Gone,
    LineKind,
    ListedLine,
    LookUp,
    Observed,
    PanelConnection,
    PanelOutcomeUnknown,
    PanelRejected,
    ProvisioningModule,
    Step,
    Tombstone,
)
from billhead_stalker import planning, tariffs
from billhead_stalker.answers import Missing
from billhead_stalker.client import Portal, Record, is_number, same
from billhead_stalker.records import described, observe, place, registered_itself, text
from billhead_stalker.settings import StalkerSettings
from billhead_stalker.writing import create, update

_KEPT = "the account is kept, blocked: a box without one could register itself on this portal"
_MAG_PREFIX = "00:1A:79"
_log = logging.getLogger(__name__)


class StalkerModule(ProvisioningModule):
    """Stalker Middleware and Ministra TV Platform over REST v1."""

    code = "stalker"
    label = "Stalker / Ministra portal"
    settings_type = StalkerSettings

    def capabilities(self, panel: PanelConnection) -> Capabilities:
        ends = panel.settings.portal_ends_lines
        return Capabilities(
            expiry=Expiry.SETTABLE if ends else Expiry.NOT_ENFORCED, kinds=planning.KINDS, bouquets=True, listing=True
        )

    def look_up(self, panel: PanelConnection, desired: Desired) -> LookUp:
        portal = Portal(panel)
        records = _records_of(portal, desired)
        if len(records) > 1:
            return Ambiguous(tuple(described(record) for record in records))
        if records:
            return Found(observe(records[0], portal.settings, desired.handle))
        return _unclaimed(portal, desired)

    def plan(self, panel: PanelConnection, desired: Desired, found: Observed | None) -> Sequence[Step]:
        return planning.steps(panel.settings, desired, found)

    def apply(self, panel: PanelConnection, step: Free) -> Observed:
        portal, wanted = Portal(panel), planning.sayable(panel.settings, step.desired)
        if wanted.mac and not wanted.mac.startswith(_MAG_PREFIX) and (step.op == "create" or "mac" in step.changes):
            _log.warning("%s: a portal that validates MACs will not serve the box %s", panel.code, wanted.mac)
        try:
            if step.op == "create" or step.found is None:
                return create(portal, wanted)
            return update(portal, wanted, step.found, step.changes)
        except Missing as error:
            raise PanelOutcomeUnknown(
                f"The account {wanted.handle.ref} went away meanwhile: look it up again"
            ) from error

    def remove(self, panel: PanelConnection, desired: Desired) -> Gone | Tombstone:
        portal, ref = Portal(panel), desired.handle.ref
        records = _records_of(portal, desired)
        if len(records) > 1:
            shared = "; ".join(described(record) for record in records)
            raise PanelRejected(f"{ref} is the number of several accounts, all of which would be removed: {shared}")
        if not records:
            return Gone()
        seen = observe(records[0], portal.settings, desired.handle)
        where = place(seen.handle_data, ref)
        if portal.settings.keep_records:
            if not seen.blocked:
                portal.update(*where, {"status": "0"})
            return Tombstone(_KEPT)
        try:
            portal.delete(*where)
        except Missing:
            return Gone()
        return Gone()

    def access(self, panel: PanelConnection, desired: Desired) -> Access:
        access = Access(portal_url=panel.settings.address_for_boxes, mac=desired.mac or "")
        if desired.kind is LineKind.MAG:
            return access
        return replace(access, login=desired.login, password=desired.password)

    def check(self, panel: PanelConnection) -> str:
        known = tariffs.fetch(Portal(panel))
        sentence = f"The portal answers: {len(known.plans)} plans, {len(known.packages)} optional packages."
        if known.unusable:
            sentence += f" {known.unusable} more plans have no external id of their own and can't be chosen."
        return sentence

    def catalogue(self, panel: PanelConnection) -> Catalogue:
        return tariffs.fetch(Portal(panel)).catalogue

    def list_lines(self, panel: PanelConnection) -> Iterator[ListedLine]:
        portal = Portal(panel)
        for record in portal.every_account():
            number, mac = text(record, "account_number"), text(record, "stb_mac")
            yield ListedLine(
                ref=number if is_number(number) else "",
                remote_id=text(record, "login") or mac or number,
                kind=LineKind.MAG if mac else LineKind.STREAM,
                observed=observe(record, portal.settings),
                name=text(record, "full_name"),
                note=text(record, "comment"),
            )


def _records_of(portal: Portal, desired: Desired) -> list[Record]:
    """Records that are ours: where the handle says, unless they are someone else's by now; else by our reference."""
    handle = desired.handle
    resource, identifier = place(handle.data, handle.ref)
    if (resource, identifier) != ("accounts", handle.ref):
        if resource == "users":
            user = portal.user(identifier)
            records = [] if user is None else [user]
        else:
            records = portal.accounts(identifier)
        if records and ("number" in handle.data or all(_free_or_ours(record, handle.ref) for record in records)):
            return records
    return portal.accounts(handle.ref)


def _free_or_ours(record: Record, ref: str) -> bool:
    return not is_number(text(record, "account_number")) or _has_number(record, ref)


def _has_number(record: Record, ref: str) -> bool:
    return same(text(record, "account_number"), ref)


def _unclaimed(portal: Portal, desired: Desired) -> LookUp:
    """No account had our number when we asked. A box that registered itself is ours to take, and so is what bears our
    number by now, since another worker may have made it meanwhile; any other holder is a stranger."""
    holder = portal.user(desired.login)
    if holder is not None:
        if _has_number(holder, desired.handle.ref):
            return Found(observe(holder, portal.settings, desired.handle))
        return Foreign(f"the login {desired.login} belongs to another account: {described(holder)}")
    holders = portal.accounts(desired.mac) if desired.mac else []
    if not holders:
        return Absent()
    if len(holders) > 1:
        return Ambiguous(tuple(described(record) for record in holders))
    if not registered_itself(holders[0]) and not _has_number(holders[0], desired.handle.ref):
        return Foreign(f"the MAC {desired.mac} belongs to another account: {described(holders[0])}")
    return Found(observe(holders[0], portal.settings, desired.handle))
