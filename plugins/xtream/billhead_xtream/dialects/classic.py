"""The `classic` API (Xtream Codes v2, Xtream UI): lines and MAG boxes by `api.php`.

A line is known to it by name and *current* password, a box by its MAC. There is no delete and no list. A password
change whose answer was lost is found again by asking with the new password and with the one before it. An edit changes
what it names, so only what differs is sent.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from billhead.plugin import (
    Absent,
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
    NotAuthorised,
    Observed,
    Owner,
    PanelConnection,
    PanelRejected,
    PanelUnclear,
    PanelUnreachable,
    Tombstone,
    Viewing,
    ViewingKind,
    marked,
)
from billhead_xtream.accounts import LINE, MAG, Account, Resource, contents_in, flag, text
from billhead_xtream.classic_client import ClassicClient, Said
from billhead_xtream.classic_fields import chosen_fields, end_fields, new_fields, note_field, owner_in
from billhead_xtream.client import number
from billhead_xtream.crediting import changed_credits
from billhead_xtream.database import PanelDatabase, listed
from billhead_xtream.dialects.dialect import Dialect
from billhead_xtream.dialects.xui_sessions import TOLD, live_on_line, live_session_in
from billhead_xtream.planning import missed
from billhead_xtream.transport import reading_back

_WITHOUT_DATABASE = marked(
    "Without the database connection: no list of its lines, neither who watches nor what was watched."
)
_NO_DELETE = "the line is blocked: this panel's API can't delete"


@dataclass(frozen=True, slots=True)
class _Key:
    """What the panel asks for to show or change an account: name and password, or MAC."""

    resource: Resource
    name: str
    password: str = field(default="", repr=False)

    @property
    def fields(self) -> dict[str, str]:
        if self.resource is MAG:
            return {"mac": self.name}
        return {"username": self.name, "password": self.password}


class Classic(Dialect):
    """One panel, spoken to from an address that it knows."""

    label = "classic API"

    def __init__(self, panel: PanelConnection) -> None:
        super().__init__(panel)
        self._client = ClassicClient(panel)
        self._database = PanelDatabase(self.settings, self._what) if self.settings.database_host else None

    def capabilities(self) -> Capabilities:
        told = self._database is not None
        return Capabilities(
            Expiry.SETTABLE,
            frozenset(LineKind),
            bouquets=True,
            connections=True,
            owners=True,
            owner_credits=True,
            listing=told,
            viewings=TOLD | {ViewingKind.CATCHUP} if told else frozenset(),
            live=told,
            live_listing=told,
            proof=True,
            lacks=() if told else (_WITHOUT_DATABASE,),
        )

    def resource_for(self, desired: Desired) -> Resource:
        """A receiver logs in as an ordinary line does: this API makes no Enigma2 devices."""
        return MAG if desired.kind is LineKind.MAG else LINE

    def look_up(self, desired: Desired) -> LookUp:
        silent = False
        foreign = None
        kept: Account | None = None
        for key in self._keys(desired):
            try:
                account = self._get(key)
            except Said as said:
                if said.word not in ("NOT EXISTS", ""):
                    raise
                silent = silent or not said.word
                continue
            if not _is_ours(account, desired):
                why = f"{_shown(account)} has this {account.resource.name_column} and does not carry our reference"
                foreign = foreign or Foreign(why)
            elif account.resource is LINE or flag(account.line, "enabled"):
                return Found(_observed(account))
            else:
                kept = account  # a box that was swapped for another is blocked: the wanted one goes first
        if kept is not None:
            return Found(_observed(kept))
        if foreign is not None:
            return foreign
        if silent and not self._client.is_classic():
            return CannotTell(f"{self._what} says no without a reason, as panels do whose API is another one")
        return Absent()

    def create(self, desired: Desired) -> Observed:
        resource = self.resource_for(desired)
        try:
            self._client.write(_noun(resource), "create", new_fields(self.settings, resource, desired))
        except Said as said:
            if said.word != "EXISTS":
                raise
            found = self.look_up(desired)
            if not isinstance(found, Found):
                raise
            return self.edit(desired, found.observed, ())
        return self._settled(_wanted_key(resource, desired), desired, ())

    def edit(self, desired: Desired, found: Observed | None, changes: Collection[str]) -> Observed:
        key, account = self._current(desired)
        wanted_mac = desired.mac or ""
        if key.resource is MAG and key.name != wanted_mac and (not changes or "mac" in changes):
            return self._swap_box(account, desired)
        fields = chosen_fields(self.settings, key.resource, desired, changes) | note_field(account, desired)
        self._client.write(_noun(key.resource), "edit", {**key.fields, **fields})
        return self._settled(_key_after(key, fields), desired, changes)

    def remove(self, desired: Desired) -> Gone | Tombstone:
        ended = False
        ref = desired.handle.ref
        for key, account in self._ours(desired):
            if account.ended not in ("", ref):
                continue  # what another service left behind, and this one never took
            if flag(account.line, "enabled") or not account.ended:
                self._client.write(_noun(key.resource), "edit", {**key.fields, **end_fields(account, ref)})
                if self._read_back(key).observed().blocked is not True:
                    raise PanelRejected(f"{self._what} took the block of {_shown(account)} but goes on serving it.")
            ended = True
        if ended:
            return Tombstone(_NO_DELETE)
        if self.resource_for(desired) is LINE and desired.handle.data.get("line_id") and self._database is None:
            raise PanelRejected(
                f"{self._what} knows line {desired.handle.data['line_id']} under no password that Billhead gave it.",
                hint="Somebody changed its password on the panel, or deleted it: look there, and block it by hand.",
            )
        self._prove_absence(desired)
        return Gone()

    def catalogue(self) -> Catalogue:
        """Bouquets where the build lists them; elsewhere the operator enters their ids."""
        try:
            rows = self._client.read("bouquet", "get")
        except (Said, NotAuthorised):
            if not self._client.is_classic():
                raise
            return Catalogue({}, {})
        found = rows.values() if isinstance(rows, Mapping) else rows
        named = [row for row in found if isinstance(row, Mapping) and row.get("id")]
        names = {text(row, "id"): text(row, "bouquet_name") or text(row, "name") for row in named}
        return Catalogue({}, names, contents=contents_in(named))

    def owners(self) -> Sequence[Owner]:
        return [owner_in(row) for row in self._client.resellers()]

    def change_credits(self, owner: Owner, amount_minor: int, reason: str) -> Owner:
        """This API takes no reason: it stands in our own trail."""

        def read(user_id: str) -> Owner | None:
            return next((one for one in self.owners() if one.remote_id == user_id), None)

        def send(credits: int) -> object:
            return self._client.write("reg_user", "credits", {"id": owner.remote_id, "amount": str(credits)})

        return changed_credits(self._what, owner, amount_minor, read, send)

    def list_lines(self) -> Iterable[ListedLine]:
        if self._database is None:
            return super().list_lines()
        return (listed(account, _observed(account)) for account in self._database.accounts())

    def viewings(self, since: datetime, until: datetime) -> Iterable[Viewing]:
        return super().viewings(since, until) if self._database is None else self._database.viewings(since, until)

    def live_sessions(self, desired: Desired) -> Sequence[LiveSession]:
        if self._database is None:
            return super().live_sessions(desired)
        found = next((account for _, account in self._ours(desired)), None)
        return [live_session_in(row) for row in self._database.live(found.line_id)] if found else []

    def live_everywhere(self) -> Iterable[LiveOnLine]:
        return super().live_everywhere() if self._database is None else map(live_on_line, self._database.everybodys())

    def check(self) -> str:
        if not self._client.is_classic():
            raise PanelRejected(
                f"{self._what} answers at api.php, but not as a classic panel does.",
                hint="XC_VM has such an address for its own servers: make an access code and use its Admin API.",
            )
        known = f"the classic API takes calls from this server, and tells {len(self._client.resellers())} resellers"
        return known if self._database is None else f"{known}; its database holds {self._database.count()} lines"

    def _keys(self, desired: Desired) -> Iterator[_Key]:
        """How it may be known: as we saw it last, as it should be, and as it was before a change on its way."""
        kept = desired.handle.data
        if self.resource_for(desired) is MAG:
            names = [str(kept.get("mac") or ""), desired.mac or ""]
            yield from (_Key(MAG, name) for name in dict.fromkeys(names) if name)
            return
        names = [str(kept.get("login") or ""), desired.login]
        passwords = [desired.password, desired.previous_password or "", *desired.passwords_between]
        for name in filter(None, dict.fromkeys(names)):
            yield from (_Key(LINE, name, password) for password in dict.fromkeys(passwords) if password)
            now = self._database.password_of(name) if self._database is not None else ""
            if now and now not in passwords:  # somebody changed it on the panel
                yield _Key(LINE, name, now)

    def _get(self, key: _Key) -> Account:
        """Raises Said where the panel has no such account."""
        content = self._client.read(_noun(key.resource), "info", key.fields)
        account = _account(key, content)
        if account is None:
            raise PanelUnreachable(f"{self._what} says that it has an account and does not show it.")
        return account

    def _ours(self, desired: Desired) -> Iterator[tuple[_Key, Account]]:
        for key in self._keys(desired):
            try:
                account = self._get(key)
            except Said as said:
                if said.word not in ("NOT EXISTS", ""):
                    raise
                continue
            if _is_ours(account, desired):
                yield key, account

    def _current(self, desired: Desired) -> tuple[_Key, Account]:
        ours = list(self._ours(desired))
        if not ours:
            raise PanelUnclear(f"{self._what} does not show this account any more; it must be looked up again.")
        serving = [(key, account) for key, account in ours if account.observed().blocked is not True]
        return serving[0] if serving else ours[-1]  # as it should be known, if by several

    def _swap_box(self, old: Account, desired: Desired) -> Observed:
        """Another MAC is another account here. The old one is blocked first, so that never two of them serve."""
        new = _Key(MAG, desired.mac or "")
        try:
            present = self._get(new)
        except Said as said:
            if said.word != "NOT EXISTS":
                raise
            present = None
        if present is not None and not _is_ours(present, desired):
            raise PanelRejected(f"{self._what} has the box {new.name} for somebody else.")
        self._client.write("stb", "edit", {"mac": old.name, **end_fields(old, desired.handle.ref)})
        handle = replace(desired.handle, data={"ref": desired.handle.ref})
        moved = replace(desired, handle=handle)
        return self.create(moved) if present is None else self.edit(moved, None, ())

    def _settled(self, key: _Key, desired: Desired, changes: Collection[str]) -> Observed:
        """What is stored after a change, if it is what was wanted."""
        stored = _observed(self._read_back(key))
        other = missed(desired, stored, changes)
        if other:
            raise PanelRejected(
                f"{self._what} took the change but keeps another {', '.join(sorted(other))}.",
                hint="Compare the account on the panel with what is shown here.",
            )
        return stored

    def _read_back(self, key: _Key) -> Account:
        with reading_back():
            return self._get(key)

    def _prove_absence(self, desired: Desired) -> None:
        found = self.look_up(desired)
        if isinstance(found, CannotTell):
            raise PanelRejected(f"{found.why}.")


def _noun(resource: Resource) -> str:
    return "stb" if resource is MAG else "user"


def _wanted_key(resource: Resource, desired: Desired) -> _Key:
    return _Key(MAG, desired.mac or "") if resource is MAG else _Key(LINE, desired.login, desired.password)


def _key_after(key: _Key, fields: Mapping[str, str]) -> _Key:
    """How the account is known once `fields` are stored."""
    name, password = fields.get("user_data[username]", key.name), fields.get("user_data[password]", key.password)
    return replace(key, name=name, password=password)


def _account(key: _Key, content: Any) -> Account | None:
    """The account in an info answer; None where it holds none."""
    line = content.get("user_info") if isinstance(content, Mapping) else None
    if not isinstance(line, Mapping) or not number(line.get("id")):
        return None
    if key.resource is LINE:
        return Account(LINE, line)
    device = content.get("mag_device")
    known = device if isinstance(device, Mapping) else {}
    return Account(MAG, line, {"user_id": line.get("id"), **known, "mac": key.name})


def _observed(account: Account) -> Observed:
    """With what it is found by again: the name that the panel knows it by now."""
    shown = account.observed()
    name = {"login": account.name} if account.resource is LINE else {"mac": account.name}
    return replace(shown, handle_data={**shown.handle_data, **name})


def _is_ours(account: Account, desired: Desired) -> bool:
    """By our reference in the notes; where staff wiped it out, by the id that we kept. What another service of ours has
    left behind, blocked, is there to be taken."""
    if account.reference:
        return account.reference == desired.handle.ref
    if account.ended:
        return account.ended == desired.handle.ref or not flag(account.line, "enabled")
    kept = desired.handle.data
    return account.line_id == number(kept.get("line_id") or kept.get("user_id"))


def _shown(account: Account) -> str:
    return f"{account.resource.noun} {account.line_id}"
