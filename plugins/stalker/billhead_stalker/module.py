"""The provisioning module `stalker`: one account record per service, found by our reference as account number."""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from html import escape

from billhead.plugin import (
    Absent,
    Access,
    Ambiguous,
    BoxCommand,
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
    LiveOnLine,
    LiveSession,
    LookUp,
    Observed,
    Owner,
    PanelConnection,
    PanelOutcomeUnknown,
    PanelRejected,
    Proof,
    ProvisioningModule,
    Step,
    Tombstone,
    Viewing,
    marked,
)
from billhead_stalker import planning, tariffs
from billhead_stalker.answers import Missing
from billhead_stalker.client import Portal, Record
from billhead_stalker.database import WITHOUT_DATABASE, PortalDatabase
from billhead_stalker.identifiers import is_number, same
from billhead_stalker.owning import owners_of_all, with_owner
from billhead_stalker.proving import answers_boxes, proof
from billhead_stalker.records import as_ended, described, is_ended, is_on, observe, place, registered_itself, text
from billhead_stalker.settings import StalkerSettings
from billhead_stalker.viewings import TOLD, ended_between
from billhead_stalker.writing import create, update

_KEPT = "the account is kept, blocked: a box without one could register itself on this portal"
_MAG_PREFIX = "00:1A:79"
_EVENTS = {
    BoxCommand.RESTART: "reboot",
    BoxCommand.RELOAD: "reload_portal",
    BoxCommand.CHANNELS: "update_channels",
    BoxCommand.MENU: "show_menu",
    BoxCommand.UPDATE: "update_image",
    BoxCommand.CUT_OFF: "cut_off",
    BoxCommand.PLAY: "play_channel",
    BoxCommand.RADIO: "play_radio_channel",
}
_log = logging.getLogger(__name__)


class StalkerModule(ProvisioningModule):
    """Stalker Middleware and Ministra TV Platform over REST v1."""

    code = "stalker"
    label = marked("Stalker / Ministra portal")
    settings_type = StalkerSettings

    def capabilities(self, panel: PanelConnection) -> Capabilities:
        ends, connected = panel.settings.portal_ends_lines, panel.settings.has_database
        return Capabilities(
            expiry=Expiry.SETTABLE if ends else Expiry.NOT_ENFORCED,
            kinds=planning.KINDS,
            bouquets=True,
            listing=True,
            owners=connected,
            viewings=TOLD if connected else frozenset(),
            live=True,
            live_listing=True,
            kick=True,
            messages=True,
            message_videos=True,
            commands=frozenset(_EVENTS),
            proof=True,
            lacks=() if connected else (WITHOUT_DATABASE,),
        )

    def look_up(self, panel: PanelConnection, desired: Desired) -> LookUp:
        portal = Portal(panel)
        records = _records_of(portal, desired)
        if len(records) > 1:
            return Ambiguous(tuple(described(record) for record in records))
        if records:
            return Found(with_owner(panel, desired, observe(records[0], portal.settings, desired.handle)))
        answer = _unclaimed(portal, desired)
        return Found(with_owner(panel, desired, answer.observed)) if isinstance(answer, Found) else answer

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
            if not is_ended(records[0]):
                portal.update(*where, {"status": "0", "comment": as_ended(text(records[0], "comment"))})
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
        portal = Portal(panel)
        known = tariffs.fetch(portal)
        sentence = f"The portal answers: {len(known.plans)} plans, {len(known.packages)} optional packages."
        if known.unusable:
            sentence += f" {known.unusable} more plans have no external id of their own and can't be chosen."
        if not answers_boxes(portal):
            sentence += " The side for boxes (server/load.php) gives them no token: they may not get in."
        if panel.settings.has_database:
            sentence += f" Its database knows {len(PortalDatabase(panel.settings).resellers()) - 1} resellers."
        return sentence

    def catalogue(self, panel: PanelConnection) -> Catalogue:
        return tariffs.fetch(Portal(panel)).catalogue

    def list_lines(self, panel: PanelConnection) -> Iterator[ListedLine]:
        portal, owned = Portal(panel), owners_of_all(panel)
        for record in portal.every_account():
            number, mac = text(record, "account_number"), text(record, "stb_mac")
            yield ListedLine(
                ref=number if is_number(number) else "",
                remote_id=text(record, "login") or mac or number,
                kind=LineKind.MAG if mac else LineKind.STREAM,
                observed=owned(record, observe(record, portal.settings)),
                name=text(record, "full_name"),
                note=text(record, "comment"),
            )

    def owners(self, panel: PanelConnection) -> Sequence[Owner]:
        return PortalDatabase(panel.settings).resellers()

    def viewings(self, panel: PanelConnection, since: datetime, until: datetime) -> Iterator[Viewing]:
        return ended_between(PortalDatabase(panel.settings), since, until)

    def live_sessions(self, panel: PanelConnection, desired: Desired) -> Sequence[LiveSession]:
        """The box, while it gives signs of life: the portal does not say over REST what is on."""
        record = _only_record(Portal(panel), desired)
        return () if record is None or not is_on(record) else (_session(record),)

    def live_everywhere(self, panel: PanelConnection) -> Iterator[LiveOnLine]:
        """One call for all boxes. A number that several share is nobody's: whose it is, is not known."""
        boxes = [box for box in Portal(panel).every_box() if is_on(box)]
        numbers = Counter(text(box, "ls") for box in boxes)
        for box in boxes:
            number, login = text(box, "ls"), text(box, "login")
            ours = number if is_number(number) and numbers[number] == 1 else ""
            session = LiveSession(text(box, "mac").upper() or login, "", ip=text(box, "ip"))
            yield LiveOnLine(session, ref=ours, login=login)

    def kick(self, panel: PanelConnection, desired: Desired, session_id: str) -> None:
        """A new token: the box or app has to authorise again. Somebody else's session is not touched."""
        portal = Portal(panel)
        record = _only_record(portal, desired)
        if record is not None and _box(record) == session_id:
            with suppress(Missing):
                portal.end_sessions(_for_boxes(record, desired))

    def show_message(self, panel: PanelConnection, desired: Desired, text: str, video: str = "") -> None:
        """A box shows HTML: the text is escaped. It waits a week for a box that is off."""
        portal, shown = Portal(panel), text.strip()
        if not shown:
            raise PanelRejected("There is nothing to show: the message is empty")
        portal.show_message(_box_to_tell(portal, desired), escape(shown).replace("\n", "<br>"), video)

    def command(
        self, panel: PanelConnection, desired: Desired, command: BoxCommand, channel: int | None = None
    ) -> None:
        """An event, which the box takes when it asks next. `cut_off` alone blocks no account."""
        portal = Portal(panel)
        which = {} if channel is None else {"channel": str(channel)}
        portal.send_event(_box_to_tell(portal, desired), _EVENTS[command], **which)

    def prove(self, panel: PanelConnection, desired: Desired, *, disturb: bool = False) -> Proof:
        portal = Portal(panel)
        return proof(portal, _only_record(portal, desired), desired, disturb=disturb)


def _box_to_tell(portal: Portal, desired: Desired) -> str:
    record = _only_record(portal, desired)
    if record is None:
        raise PanelRejected(f"The portal has no account {desired.handle.ref} whose box could be told anything")
    return _for_boxes(record, desired)


def _only_record(portal: Portal, desired: Desired) -> Record | None:
    """Our account. What is sent to a number that several share would reach them all: refused."""
    records = _records_of(portal, desired)
    if len(records) > 1:
        shared = "; ".join(described(record) for record in records)
        raise PanelRejected(f"{desired.handle.ref} is the number of several accounts: {shared}")
    return records[0] if records else None


def _session(record: Record) -> LiveSession:
    return LiveSession(_box(record), "", ip=text(record, "ip"), device=text(record, "stb_type"))


def _box(record: Record) -> str:
    return text(record, "stb_mac").upper() or text(record, "login")


def _for_boxes(record: Record, desired: Desired) -> str:
    """By what the resources about boxes find this account."""
    number = text(record, "account_number")
    return number if is_number(number) else text(record, "stb_mac").upper() or desired.handle.ref


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
    """No account had our number when we asked. A box that registered itself is ours to take, and so is an account that
    is kept of a line that has ended, and what bears our number by now, since another worker may have made it meanwhile;
    any other holder is a stranger."""
    holder = portal.user(desired.login)
    if holder is not None:
        if _has_number(holder, desired.handle.ref) or is_ended(holder):
            return Found(observe(holder, portal.settings, desired.handle))
        return Foreign(f"the login {desired.login} belongs to another account: {described(holder)}")
    everybody = portal.accounts(desired.mac) if desired.mac else []
    if not everybody:
        return Absent()
    holders = [record for record in everybody if not is_ended(record)] or everybody[-1:]
    if len(holders) > 1:
        return Ambiguous(tuple(described(record) for record in holders))
    free = registered_itself(holders[0]) or is_ended(holders[0])
    if not free and not _has_number(holders[0], desired.handle.ref):
        return Foreign(f"the MAC {desired.mac} belongs to another account: {described(holders[0])}")
    return Found(observe(holders[0], portal.settings, desired.handle))
