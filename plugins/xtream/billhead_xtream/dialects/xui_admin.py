"""The `xui` admin API (XUI.ONE, XC_VM and kin): lines and devices whose expiry can be set.

Ids are kept from the create and asked for directly. A search is made only where no id is known or its account is gone:
searches are slow, broken in one version, and match more than was asked for. Whatever is written is compared with what
the panel says it stored.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

from billhead.plugin import (
    Absent,
    Ambiguous,
    CannotTell,
    Capabilities,
    Catalogue,
    Desired,
    Expiry,
    Foreign,
    Found,
    Gone,
    LineKind,
    ListedLine,
    LiveOnLine,
    LiveSession,
    LookUp,
    Observed,
    Owner,
    PanelConnection,
    PanelError,
    PanelRejected,
    PanelUnclear,
    PanelUnreachable,
    Viewing,
    marked,
)
from billhead_xtream.accounts import (
    ENIGMA,
    RESOURCES,
    Account,
    Resource,
    Row,
    account_in,
    by_staff,
    contents_in,
    observed_row,
    reference_in,
    resource_for,
    text,
)
from billhead_xtream.classic_fields import owner_in
from billhead_xtream.client import AnsweredNull, Refused, XuiClient, database_refused, number
from billhead_xtream.crediting import changed_credits
from billhead_xtream.database import PanelDatabase, listed
from billhead_xtream.dialects.dialect import Dialect
from billhead_xtream.dialects.xui_sessions import TOLD, Sessions, live_on_line, live_session_in
from billhead_xtream.payloads import create_payload, edit_payload, pair_of
from billhead_xtream.planning import missed
from billhead_xtream.search import search_for
from billhead_xtream.transport import reading_back

_WITHOUT_LISTS = marked(
    "Accounts are found by sql, its list calls being broken: who watches is not told, no session is cut."
)
_NO_LOG = marked("What was watched would come with the database connection.")
_SKEW = 60  # seconds that a panel's clock may be off


class XuiAdmin(Dialect):
    """One panel, spoken to with an administrator's key."""

    label = "xui admin API"

    def __init__(self, panel: PanelConnection) -> None:
        super().__init__(panel)
        self._client = XuiClient(panel)
        self._search = search_for(self._client)
        self._database = PanelDatabase(self.settings, self._what) if self.settings.database_host else None
        self._sessions = Sessions(self._client, self._what)

    def capabilities(self) -> Capabilities:
        lists = self.settings.find_by == "lists"  # sql is for panels whose list calls are broken
        logged = lists or self._database is not None
        return Capabilities(
            Expiry.SETTABLE,
            frozenset(LineKind),
            bouquets=True,
            connections=True,
            listing=True,
            pairs=True,
            owners=True,
            owner_credits=True,
            countries=self.settings.lock_country,
            viewings=TOLD if logged else frozenset(),
            live=lists,
            live_listing=lists,
            kick=lists,
            proof=True,
            lacks=(*(() if lists else (_WITHOUT_LISTS,)), *(() if logged else (_NO_LOG,))),
        )

    def look_up(self, desired: Desired) -> LookUp:
        resource = resource_for(desired)
        known = self._known(resource, desired.handle.data)
        if known is not None and not known.lost:
            if _is_ours(known, desired):
                return Found(self._with_streams(known, desired))
            return Foreign(f"{_shown(known)} carries neither our reference nor our {resource.name_column}")
        try:
            ours = _judged(self._named(resource, desired), desired)
            return Found(self._with_streams(ours, desired)) if isinstance(ours, Account) else ours
        except AnsweredNull as error:
            return CannotTell(f"{error} {error.hint}")

    def create(self, desired: Desired) -> Observed:
        resource = resource_for(desired)
        if self.settings.dialect == "auto":  # a guess must never create lines
            self._key_holder()
        try:
            answer = self._client.change(f"create_{resource.noun}", create_payload(self.settings, resource, desired))
        except Refused as refused:
            if not refused.status.startswith("EXISTS"):
                raise
            found = self.look_up(desired)
            if not isinstance(found, Found):
                raise
            return self.edit(desired, found.observed, ())
        account = None if resource is ENIGMA else account_in(resource, answer.data)  # create_enigma shows some MAG
        if account is None:
            with reading_back():
                account = next(iter(self._marked(resource, desired)), None)
        if account is None:
            raise PanelUnclear(f"{self._what} says that it created a {resource.noun}, but does not find it yet.")
        return self._settled(account, desired, ())

    def edit(self, desired: Desired, found: Observed | None, changes: Collection[str]) -> Observed:
        resource = resource_for(desired)
        account = self._known(resource, {**desired.handle.data, **(found.handle_data if found else {})})
        if account is None or account.lost:
            raise PanelUnclear(f"{self._what} has lost this {resource.noun}; it must be looked up again.")
        payload = edit_payload(self.settings, account, desired, changes)
        try:
            stored = account_in(resource, self._client.write(f"edit_{resource.noun}", payload).data)
        except Refused as refused:
            if refused.status != "FAILURE":
                raise
            stored = self._read_back(account)  # 2.1.2 saves the device's line, then says failure
            if not resource.is_device and missed(desired, stored.observed(), changes):
                raise database_refused(refused) from refused
        if stored is None or resource is ENIGMA:
            stored = self._read_back(account)
        observed = self._settled(stored, desired, changes)
        if not changes or "blocked" in changes:
            self._felt(stored, desired)
        return observed

    def remove(self, desired: Desired) -> Gone:
        """Delete what is provably ours: by the id that we kept, else by our reference. A ghost of it goes as well.

        Raises PanelRejected where the id that we kept is an account without any reference and under another name: it
        may be the one that is to go, so that it is not called gone.
        """
        resource = resource_for(desired)
        known = self._known(resource, desired.handle.data)
        if known is not None and (known.lost or _is_ours(known, desired)):
            self._emptied(known)
            self._delete(known)
            return Gone()
        try:
            doomed = self._marked(resource, desired)
        except AnsweredNull:
            if not desired.handle.data.get(resource.id_in_handle):
                raise
            doomed = []  # the id that we kept is proven gone
        if known is not None and not known.reference and not doomed:
            raise PanelRejected(
                f"{_shown(known)} is the one that Billhead knew, but is called {known.name} now and has no reference.",
                hint="Delete it there if it is this line's; else write who has it, as billhead:OTHER, in its notes.",
            )
        for account in doomed:
            self._emptied(account)
            self._delete(account)
        return Gone()

    def list_lines(self) -> Iterator[ListedLine]:
        if self._database is not None:
            yield from (listed(account, account.observed()) for account in self._database.accounts())
            return
        for resource in RESOURCES:
            for row in self._search.rows(resource):
                if row.get("username") is not None:
                    yield _listed(resource, row)

    def owners(self) -> Sequence[Owner]:
        return [owner_in(row) for row in self._search.users()]

    def change_credits(self, owner: Owner, amount_minor: int, reason: str) -> Owner:
        def send(credits: int) -> object:
            fields = {"id": owner.remote_id, "credits": str(credits), "reason": reason}
            return self._client.write("adjust_credits", fields)

        return changed_credits(self._what, owner, amount_minor, self._owner, send)

    def _owner(self, user_id: str) -> Owner | None:
        """By its id: lists are slow, and broken in one version. The row holds a password's digest: nothing is kept."""
        try:
            row = self._client.read("get_user", {"id": user_id}).data
        except Refused as refused:
            if refused.status == "FAILURE":  # no such id
                return None
            raise
        if not isinstance(row, Mapping) or text(row, "id") != user_id:
            raise PanelUnreachable(f"{self._what} answered with another user than {user_id}.")
        return owner_in(row)

    def viewings(self, since: datetime, until: datetime) -> Iterator[Viewing]:
        return (self._database or self._sessions).viewings(since, until)

    def live_sessions(self, desired: Desired) -> Sequence[LiveSession]:
        account = self._ours(desired)
        return [live_session_in(row) for row in self._sessions.live(account.line_id)] if account else []

    def live_everywhere(self) -> Iterator[LiveOnLine]:
        return map(live_on_line, self._sessions.everybodys())

    def kick(self, desired: Desired, session_id: str) -> None:
        account = self._ours(desired)
        if account is not None:
            self._sessions.kick(account.line_id, session_id)

    def catalogue(self) -> Catalogue:
        bouquets = self._client.read("get_bouquets").data
        return Catalogue(
            plans=_names(self._client.read("get_packages").data, "package_name"),
            bouquets=_names(bouquets, "bouquet_name"),
            contents=contents_in(bouquets or []),
        )

    def check(self) -> str:
        user = self._key_holder()
        whose = f"signed in to the admin API as {text(user, 'username')} (user {text(user, 'id')})"
        if self._database is not None:
            whose = f"{whose}; its database holds {self._database.count()} lines"
        return f"{whose}; {skew}" if (skew := self._skew()) else whose

    def _skew(self) -> str:
        """A warning where the panel's clock is more than a minute from ours, as a working line of it is told."""
        try:
            rows = self._client.read("get_lines", {"filter": "1", "limit": "1"}).data
        except PanelError:
            return ""  # not what was asked about
        row = rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], Mapping) else {}
        if not row.get("username") or not row.get("password"):
            return ""
        ahead = self._players.skew(text(row, "username"), text(row, "password"))
        if abs(ahead) <= _SKEW:
            return ""
        way = "ahead of" if ahead > 0 else "behind"
        return f"its clock is {_far(abs(ahead))} {way} ours: lines end at its time. Set the clock of its server (NTP)"

    def _key_holder(self) -> Row:
        """The administrator whose key this is. The reseller API knows the call too, and tells permissions with it."""
        user = self._client.read("user_info").data
        if not isinstance(user, Mapping):
            raise PanelUnreachable(f"{self._what} accepts the key but does not say whose it is.")
        if "permissions" in user:
            raise PanelRejected(
                f"{self._what} takes the key as that of the reseller {text(user, 'username')}.",
                hint="Enter an administrator's key and an access code of the type Admin API.",
            )
        return user

    def _ours(self, desired: Desired) -> Account | None:
        """The account of a line that is ours, by its id or, without one, by search."""
        resource = resource_for(desired)
        known = self._known(resource, desired.handle.data)
        if known is not None and not known.lost:
            return known if _is_ours(known, desired) else None
        found = _judged(self._named(resource, desired), desired)
        return found if isinstance(found, Account) else None

    def _known(self, resource: Resource, handle_data: Mapping[str, Any]) -> Account | None:
        account_id = number(handle_data.get(resource.id_in_handle))
        return self._get(resource, account_id) if account_id else None

    def _get(self, resource: Resource, account_id: int) -> Account | None:
        try:
            return account_in(resource, self._client.read(f"get_{resource.noun}", {"id": str(account_id)}).data)
        except Refused as refused:
            if refused.status == "FAILURE":  # no such id
                return None
            raise

    def _named(self, resource: Resource, desired: Desired) -> list[Account]:
        ids = self._search.ids(resource, _name(resource, desired))
        return [account for found in ids if (account := self._get(resource, found)) is not None]

    def _marked(self, resource: Resource, desired: Desired) -> list[Account]:
        return [account for account in self._named(resource, desired) if account.reference == desired.handle.ref]

    def _read_back(self, account: Account) -> Account:
        with reading_back():
            stored = self._get(account.resource, account.id)
        if stored is None:
            raise PanelUnclear(f"{self._what} has lost {_shown(account)} while it was changed.")
        return stored

    def _settled(self, account: Account, desired: Desired, changes: Collection[str]) -> Observed:
        """What is stored, if it is what was wanted; a panel that took the call and kept something else is for staff."""
        other = missed(desired, account.observed(), changes) - _mirrored(account, desired, changes)
        if account.resource.is_device and "blocked" in other:
            account = self._switch_line(account, desired.blocked)
            other = missed(desired, account.observed(), changes) - _mirrored(account, desired, changes)
        if other:
            raise PanelRejected(
                f"{self._what} took the change of {_shown(account)} but keeps another {', '.join(sorted(other))}.",
                hint="Bouquets that the panel does not have are dropped silently: compare with its catalogue.",
            )
        return account.observed()

    def _with_streams(self, account: Account, desired: Desired) -> Observed:
        """What is stored; and, of a line that is to be blocked and is, how many streams run on."""
        observed = account.observed()
        if not (self.settings.cut_streams and desired.blocked and observed.blocked is True):
            return observed
        try:
            running = self._sessions.live(account.line_id)
        except AnsweredNull:
            return observed
        return replace(observed, handle_data={**observed.handle_data, "live": len(running)}) if running else observed

    def _felt(self, account: Account, desired: Desired) -> None:
        """A block reaches players by the panel's cache, and no stream that runs: see to both."""
        if desired.blocked and self.settings.cut_streams:
            with suppress(AnsweredNull):
                self._sessions.stop(account.line_id)
        if not desired.blocked or account.resource.is_device or not self.settings.verify_players:
            return  # of a box only the admin API tells
        login, password = text(account.line, "username"), text(account.line, "password")
        if not self._players.stop_being_served(login, password, lambda: self._client.write("reload_cache", {})):
            raise PanelUnclear(f"{self._what} took the block, but players are still served on {_shown(account)}.")

    def _emptied(self, account: Account) -> None:
        """Before a delete: what runs is stopped, and given time to be logged while there is a line for it."""
        if account.lost or not self.settings.cut_streams:
            return
        try:
            if not self._sessions.live(account.line_id):
                return
            self._client.change("disable_line", {"id": str(account.line_id)})
            with reading_back():
                cut = self._sessions.stop(account.line_id)
                self._sessions.wait_for_log(account.line_id, cut, self.settings.log_wait_seconds)
        except AnsweredNull:
            return  # a panel without lists tells no sessions

    def _switch_line(self, account: Account, blocked: bool) -> Account:
        """The device's own switches answer success and do nothing; those of its hidden line work, after a reload."""
        self._client.change("disable_line" if blocked else "enable_line", {"id": str(account.line_id)})
        self._client.write("reload_cache", {})
        return self._read_back(account)

    def _delete(self, account: Account) -> None:
        for _ in range(2):  # a session that ends late brings a deleted line back as a ghost without a name
            try:
                self._client.write(f"delete_{account.resource.noun}", {"id": str(account.id)})
            except Refused as refused:
                if refused.status != "FAILURE":  # gone already, or so we will see
                    raise
            with reading_back():
                left = self._get(account.resource, account.id)
            if left is None:
                return
        raise PanelUnclear(f"{self._what} says that it deleted {_shown(account)}, but it is still there.")


def _name(resource: Resource, desired: Desired) -> str:
    return (desired.mac or "") if resource.is_device else desired.login


def _shown(account: Account) -> str:
    return f"{account.resource.noun} {account.id}"


def _is_ours(account: Account, desired: Desired) -> bool:
    """Of an account whose id we kept. Ids come back after a panel's restart, so the id alone proves nothing.

    Without our reference (a line that was taken over, or notes that staff wiped) the name says it: as it was last seen
    on the panel, since the wanted one is only on its way, or as it should be.
    """
    if account.reference:
        return account.reference == desired.handle.ref
    seen = str(desired.handle.data.get(account.resource.seen_in_handle) or "")
    return account.name in (seen, _name(account.resource, desired)) and bool(account.name)


def _mirrored(account: Account, desired: Desired, changes: Collection[str]) -> frozenset[str]:
    """A box that was just hung on its line has that line's expiry and bouquets; the next edit may give it its own."""
    hung = account.resource.is_device and pair_of(desired) and (not changes or "pair" in changes)
    return frozenset({"expires_at", "bouquets"}) if hung else frozenset()


def _judged(named: list[Account], desired: Desired) -> LookUp | Account:
    """Of accounts with our login or MAC: only our reference makes one ours."""
    ours = [account for account in named if account.reference == desired.handle.ref]
    if len(ours) == 1:
        return ours[0]
    if ours:
        return Ambiguous(tuple(_shown(account) for account in ours))
    if named:
        why = "has lost its line: delete it on the panel" if named[0].lost else "does not carry our reference"
        return Foreign(f"{_shown(named[0])} has this {named[0].resource.name_column} and {why}")
    return Absent()


def _listed(resource: Resource, row: Row) -> ListedLine:
    account_id = number(row.get(resource.id_column)) or 0
    reference = reference_in(text(row, "admin_notes"))
    data: dict[str, Any] = {resource.id_in_handle: account_id, "ref": reference}
    if resource.is_device:
        data["user_id"] = number(row.get("user_id"))
    observed = observed_row(resource, row, data)
    note = by_staff(text(row, "admin_notes"))
    return ListedLine(reference, f"{resource.noun}:{account_id}", resource.kind, observed, note=note)


def _names(rows: Any, column: str) -> dict[str, str]:
    return {text(row, "id"): text(row, column) for row in rows or [] if isinstance(row, Mapping)}


def _far(seconds: int) -> str:
    """ "8 days 1 hour": whole minutes, and of days the hours only."""
    minutes = seconds // 60
    parts = (minutes // 1440, "day"), (minutes // 60 % 24, "hour"), (minutes % 60, "minute")
    said = [f"{count} {unit}{'' if count == 1 else 's'}" for count, unit in parts if count]
    return " ".join(said[:2])
