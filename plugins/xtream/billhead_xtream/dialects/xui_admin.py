"""The `xui` admin API (XUI.ONE, XC_VM and kin): lines and devices whose expiry can be set.

Ids are kept from the create and asked for directly. A search is made only where no id is known or its account is gone:
searches are slow, broken in one version, and match more than was asked for. Whatever is written is compared with what
the panel says it stored.
"""

from collections.abc import Collection, Iterator, Mapping
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
    LookUp,
    Observed,
    PanelConnection,
    PanelOutcomeUnknown,
    PanelRejected,
    PanelUnreachable,
)
from billhead_xtream.accounts import (
    ENIGMA,
    RESOURCES,
    Account,
    Resource,
    Row,
    account_in,
    notes_with,
    observed_row,
    reference_in,
    resource_for,
    text,
)
from billhead_xtream.client import AnsweredNull, Refused, XuiClient, number
from billhead_xtream.dialects.dialect import Dialect
from billhead_xtream.payloads import create_payload, edit_payload
from billhead_xtream.planning import missed
from billhead_xtream.search import search_for
from billhead_xtream.transport import reading_back


class XuiAdmin(Dialect):
    """One panel, spoken to with an administrator's key."""

    label = "xui admin API"

    def __init__(self, panel: PanelConnection) -> None:
        super().__init__(panel)
        self._client = XuiClient(panel)
        self._search = search_for(self._client)

    def capabilities(self) -> Capabilities:
        return Capabilities(Expiry.SETTABLE, frozenset(LineKind), bouquets=True, connections=True, listing=True)

    def look_up(self, desired: Desired) -> LookUp:
        resource = resource_for(desired)
        known = self._known(resource, desired.handle.data)
        if known is not None and not known.lost:
            if _is_ours(known, desired):
                return Found(known.observed())
            return Foreign(f"{_shown(known)} carries neither our reference nor our {resource.name_column}")
        try:
            return _judged(self._named(resource, desired), desired)
        except AnsweredNull as error:
            return CannotTell(f"{error} {error.hint}")

    def create(self, desired: Desired) -> Observed:
        resource = resource_for(desired)
        if self.settings.dialect == "auto":  # a guess must never create lines
            self._key_holder()
        try:
            answer = self._client.write(f"create_{resource.noun}", create_payload(self.settings, resource, desired))
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
            raise PanelOutcomeUnknown(f"{self._what} says that it created a {resource.noun}, but does not find it yet.")
        return self._settled(account, desired, ())

    def edit(self, desired: Desired, found: Observed | None, changes: Collection[str]) -> Observed:
        resource = resource_for(desired)
        account = self._known(resource, {**desired.handle.data, **(found.handle_data if found else {})})
        if account is None or account.lost:
            raise PanelOutcomeUnknown(f"{self._what} has lost this {resource.noun}; it must be looked up again.")
        payload = edit_payload(self.settings, account, desired, changes)
        try:
            stored = account_in(resource, self._client.write(f"edit_{resource.noun}", payload).data)
        except Refused as refused:
            if not resource.is_device or refused.status != "FAILURE":
                raise
            stored = None  # 2.1.2 saves the device's line, then says failure
        if stored is None or resource is ENIGMA:
            stored = self._read_back(account)
        return self._settled(stored, desired, changes)

    def remove(self, desired: Desired) -> Gone:
        """Delete what is provably ours: by the id that we kept, else by our reference. A ghost of it goes as well."""
        resource = resource_for(desired)
        known = self._known(resource, desired.handle.data)
        if known is not None and (known.lost or _is_ours(known, desired)):
            self._delete(known)
            return Gone()
        try:
            doomed = self._marked(resource, desired)
        except AnsweredNull:
            if not desired.handle.data.get(resource.id_in_handle):
                raise
            doomed = []  # the id that we kept is proven gone
        for account in doomed:
            self._delete(account)
        return Gone()

    def list_lines(self) -> Iterator[ListedLine]:
        for resource in RESOURCES:
            for row in self._search.rows(resource):
                if row.get("username") is not None:
                    yield _listed(resource, row)

    def catalogue(self) -> Catalogue:
        return Catalogue(
            plans=_names(self._client.read("get_packages").data, "package_name"),
            bouquets=_names(self._client.read("get_bouquets").data, "bouquet_name"),
        )

    def check(self) -> str:
        user = self._key_holder()
        return f"signed in to the admin API as {text(user, 'username')} (user {text(user, 'id')})"

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
            raise PanelOutcomeUnknown(f"{self._what} has lost {_shown(account)} while it was changed.")
        return stored

    def _settled(self, account: Account, desired: Desired, changes: Collection[str]) -> Observed:
        """What is stored, if it is what was wanted; a panel that took the call and kept something else is for staff."""
        other = missed(desired, account.observed(), changes)
        if account.resource.is_device and "blocked" in other:
            account = self._switch_line(account, desired.blocked)
            other = missed(desired, account.observed(), changes)
        if other:
            raise PanelRejected(
                f"{self._what} took the change of {_shown(account)} but keeps another {', '.join(sorted(other))}.",
                hint="Bouquets that the panel does not have are dropped silently: compare with its catalogue.",
            )
        return account.observed()

    def _switch_line(self, account: Account, blocked: bool) -> Account:
        """The device's own switches answer success and do nothing; those of its hidden line work, after a reload."""
        self._client.write("disable_line" if blocked else "enable_line", {"id": str(account.line_id)})
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
        raise PanelOutcomeUnknown(f"{self._what} says that it deleted {_shown(account)}, but it is still there.")


def _name(resource: Resource, desired: Desired) -> str:
    return (desired.mac or "") if resource.is_device else desired.login


def _shown(account: Account) -> str:
    return f"{account.resource.noun} {account.id}"


def _is_ours(account: Account, desired: Desired) -> bool:
    """Of an account whose id we kept. Ids come back after a panel's restart, so the id alone proves nothing."""
    if account.reference:
        return account.reference == desired.handle.ref
    return account.name == _name(account.resource, desired)


def _judged(named: list[Account], desired: Desired) -> LookUp:
    """Of accounts with our login or MAC: only our reference makes one ours."""
    ours = [account for account in named if account.reference == desired.handle.ref]
    if len(ours) == 1:
        return Found(ours[0].observed())
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
    note = notes_with("", text(row, "admin_notes")).removeprefix("billhead:").strip()
    return ListedLine(reference, f"{resource.noun}:{account_id}", resource.kind, observed, note=note)


def _names(rows: Any, column: str) -> dict[str, str]:
    return {text(row, "id"): text(row, column) for row in rows or [] if isinstance(row, Mapping)}
