"""The `xui` reseller API: every line and every renewal is bought from a package with our credits.

A renewal is not idempotent, so nothing here sends one twice. Switches and deletes do not look whose account it is:
each follows a get, which does. Ids are kept from the purchase. An account whose id is not known is looked for in the
log of our purchases, since the lists of lines are empty or broken; where that log is broken too, only our credit tells
whether something was bought.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from billhead.plugin import (
    UNOBSERVABLE,
    Absent,
    Capabilities,
    Catalogue,
    Desired,
    Expiry,
    Foreign,
    Found,
    Free,
    Gone,
    Impossible,
    LineKind,
    LiveSession,
    LookUp,
    Observed,
    PanelConnection,
    PanelOutcomeUnknown,
    PanelOutOfCredit,
    PanelRejected,
    PanelUnclear,
    PanelUnreachable,
    Purchase,
    Resolution,
    Step,
    Unobservable,
    Viewing,
    diff,
    marked,
)
from billhead_xtream.accounts import LINE, Account, Resource, account_in, notes_with, reference_in, text
from billhead_xtream.client import Answer, AnsweredNull, Refused, XuiClient, number
from billhead_xtream.credits import balance_in, price_in
from billhead_xtream.dialects.dialect import Dialect
from billhead_xtream.dialects.xui_sessions import TOLD, Sessions, live_session_in
from billhead_xtream.packages import package_in
from billhead_xtream.payloads import Payload, pair_of
from billhead_xtream.planning import impossible
from billhead_xtream.transport import reading_back

Lost = type[PanelRejected] | type[PanelOutcomeUnknown]

_LOGGED = 25
"""So many of our newest purchases are gone through for an account whose id was lost."""

_SHORTEST = 8
_IN_LOG = {"line": "line", "mag": "mag", "e2": "enigma", "enigma": "enigma"}
_NO_KICK = marked(
    "A reseller's key cuts no session: what runs ends by itself, or when the line is blocked and asks again."
)
_NO_TRACE = "the panel's log of purchases does not answer"


class XuiReseller(Dialect):
    """One panel, spoken to with a reseller's key."""

    label = "XUI reseller API"

    def __init__(self, panel: PanelConnection) -> None:
        super().__init__(panel)
        self._client = XuiClient(panel)
        self._sessions = Sessions(self._client, self._what)

    def capabilities(self) -> Capabilities:
        return Capabilities(
            Expiry.PURCHASED,
            frozenset(LineKind),
            balance=True,
            pairs=True,
            viewings=TOLD,
            live=True,
            proof=True,
            lacks=(_NO_KICK,),
        )

    def look_up(self, desired: Desired) -> LookUp:
        """Absent also where the log does not answer: the panel refuses a name or MAC that is there, at no cost."""
        resource = self.resource_for(desired)
        known = self._known(resource, desired.handle.data)
        if known is not None:
            if _is_ours(known, desired):
                return Found(_observed(known))
            return Foreign(f"{_shown(known)} carries neither our reference nor our {resource.name_column}")
        try:
            for account in self._logged(resource):
                if _is_ours(account, desired):
                    return Found(_observed(account))
        except AnsweredNull:
            return Absent()
        return Absent()

    def plan(self, desired: Desired, found: Observed | None) -> Sequence[Step]:
        """Password, MAC, notes and block are free. Bouquets and connections are the package's, chosen when buying:
        where others are wanted meanwhile that is said, once all that is free is done."""
        refused = _impossible(self.settings, self.resource_for(desired), desired, found)
        if refused:
            return refused
        free = _free_steps(desired, found) if found is not None else []
        if desired.due is None:
            if found is None:
                return [Impossible("expires_at", "a line is bought here, and nothing is to be bought for this one now")]
            return free or _with_the_next_package(desired, found)
        effect = "a new line" if found is None else "more time for the line"
        return [*free, Purchase(desired.due.package, desired.due.max_cost_minor, effect, desired, found)]

    def create(self, desired: Desired) -> Observed:
        raise self._cannot("create without a purchase")

    def apply(self, step: Free) -> Observed:
        return self.edit(step.desired, step.found, step.changes)

    def edit(self, desired: Desired, found: Observed | None, changes: Collection[str]) -> Observed:
        account = self._confirmed(desired, found)
        if not changes or set(changes) & {"password", "mac", "note"}:
            fields: Payload = {"id": str(account.id), "reseller_notes": _notes(account, desired)}
            if account.resource is LINE:
                fields["password"] = desired.password
            else:
                fields["mac"] = desired.mac or ""
            self._client.change(f"edit_{account.resource.noun}", fields)
        if not changes or "blocked" in changes:
            self._client.change("disable_line" if desired.blocked else "enable_line", {"id": str(account.line_id)})
        return _observed(self._read_back(account))

    def remove(self, desired: Desired) -> Gone:
        """By the id that we kept, else by our reference in the log; never an id that a get has not shown to be ours."""
        resource = self.resource_for(desired)
        account = self._known(resource, desired.handle.data)
        if account is None:
            try:
                account = next((each for each in self._logged(resource) if _is_ours(each, desired)), None)
            except AnsweredNull:
                if not desired.handle.data.get(resource.id_in_handle):
                    raise self._cannot("find this line: its id is not known, and " + _NO_TRACE) from None
        if account is None or not _is_ours(account, desired):
            return Gone()
        try:
            self._client.write(f"delete_{resource.noun}", {"id": str(account.id)})
        except Refused as refused:
            if refused.status != "FAILURE":
                raise
        with reading_back():
            left = self._get(resource, account.id)
        if left is not None and not left.lost:
            raise PanelUnclear(f"{self._what} says that it deleted {_shown(account)}, but it is still there.")
        return Gone()

    def buy(self, purchase: Purchase) -> Observed:
        """One call that spends, after reads that do not; whatever fails after it leaves the purchase in doubt."""
        desired, resource = purchase.desired, self.resource_for(purchase.desired)
        self._check_price(purchase)
        fields = _purchase_fields(resource, purchase)
        if purchase.found is None:
            fields |= {"reseller_notes": notes_with(desired.handle.ref, desired.note)}
            fields |= _named(resource, desired)
            answer = self._spent(f"create_{resource.noun}", fields)
            return self._bought_new(resource, desired, answer)
        account = self._confirmed(desired, purchase.found, PanelRejected)
        fields["id"] = str(account.id)
        if resource.is_device:
            fields["mac"] = text(account.device or {}, "mac")
        self._spent(f"edit_{resource.noun}", fields)
        return _observed(self._read_back(account))

    def resolve(self, purchase: Purchase) -> Resolution:
        desired, resource = purchase.desired, self.resource_for(purchase.desired)
        if purchase.found is not None:
            data = {**desired.handle.data, **purchase.found.handle_data}
            account = self._known(resource, data)
            if account is None or not _is_ours(account, desired):
                return Resolution.STILL_UNKNOWN
            return self._moved(account, purchase)
        known = self._known(resource, desired.handle.data)
        if known is not None:
            return Resolution.BOUGHT if _is_ours(known, desired) else Resolution.STILL_UNKNOWN
        try:
            there = any(_is_ours(account, desired) for account in self._logged(resource))
        except AnsweredNull:
            return Resolution.STILL_UNKNOWN if self._may_be_spent(purchase) else Resolution.NOT_BOUGHT
        if there:
            return Resolution.BOUGHT
        return Resolution.STILL_UNKNOWN if self._may_be_spent(purchase) else Resolution.NOT_BOUGHT

    def balance(self) -> int:
        found = balance_in(self._user().get("credits"))
        if found is None:
            raise PanelUnreachable(f"{self._what} does not say how many credits are left.")
        return found

    def viewings(self, since: datetime, until: datetime) -> Iterator[Viewing]:
        return self._sessions.viewings(since, until)

    def live_sessions(self, desired: Desired) -> Sequence[LiveSession]:
        resource = self.resource_for(desired)
        account = self._known(resource, desired.handle.data)
        if account is None or not _is_ours(account, desired):
            return []
        return [live_session_in(row) for row in self._sessions.live(account.line_id)]

    def catalogue(self) -> Catalogue:
        offered = {text(row, "id"): package_in(row) for row in self._packages()}
        return Catalogue({}, {}, {code: package for code, package in offered.items() if package is not None})

    def check(self) -> str:
        user = self._user()
        left = balance_in(user.get("credits"))
        if left is None or not isinstance(user.get("permissions"), Mapping):
            raise PanelRejected(f"{self._what} accepts the key, but not as that of a reseller.")
        return f"signed in to the reseller API as {text(user, 'username')}, {left // 100} credits left"

    def _user(self) -> Mapping[str, Any]:
        user = self._client.read("user_info").data
        if not isinstance(user, Mapping):
            raise PanelUnreachable(f"{self._what} accepts the key but does not say whose it is.")
        return user

    def _packages(self) -> list[Mapping[str, Any]]:
        return [row for row in self._client.read("packages").data or [] if isinstance(row, Mapping)]

    def _check_price(self, purchase: Purchase) -> None:
        row = next((row for row in self._packages() if text(row, "id") == purchase.package), None)
        if row is None:
            raise PanelRejected(f"{self._what} does not offer the package {purchase.package} to us (any more).")
        price = price_in(row.get("trial_credits" if purchase.desired.trial else "official_credits"))
        if price is None:
            raise PanelRejected(f"{self._what} does not say how many credits it asks for the package.")
        if price > purchase.max_cost_minor:
            raise PanelRejected(
                f"{self._what} asks {price / 100:g} credits for this package, more than when it was chosen.",
                hint="Choose it again on the panel's page, so that its price is known.",
            )

    def _spent(self, action: str, fields: Payload) -> Answer:
        """A failure leaves it in doubt, like an answer that is lost: some builds sell, and then say that."""
        try:
            return self._client.change(action, fields)
        except Refused as refused:
            if refused.status == "INSUFFICIENT_CREDITS":
                raise PanelOutOfCredit(f"{self._what} has not enough credit of ours left for this package.") from None
            raise

    def _bought_new(self, resource: Resource, desired: Desired, answer: Answer) -> Observed:
        account = account_in(resource, answer.data)
        if account is not None and _is_ours(account, desired):
            return _observed(account)
        with reading_back():  # a call for a receiver may answer with another device
            account = next((each for each in self._logged(resource) if _is_ours(each, desired)), None)
        if account is None:
            raise PanelUnclear(f"{self._what} says that it sold a {resource.noun}, but does not show it.")
        return _observed(account)

    def _moved(self, account: Account, purchase: Purchase) -> Resolution:
        """A box that hangs on a line moves with it, at no cost: there only our credit tells whether it was bought."""
        now = _observed(account)
        if number(account.line.get("pair_id")):
            return Resolution.STILL_UNKNOWN if self._may_be_spent(purchase) else Resolution.NOT_BOUGHT
        before = purchase.found.expires_at if purchase.found is not None else UNOBSERVABLE
        if before is UNOBSERVABLE or now.expires_at is UNOBSERVABLE or before is None or now.expires_at is None:
            return Resolution.STILL_UNKNOWN
        if now.expires_at > before:
            return Resolution.BOUGHT
        if now.expires_at < before or self._may_be_spent(purchase):
            return Resolution.STILL_UNKNOWN
        return Resolution.NOT_BOUGHT

    def _may_be_spent(self, purchase: Purchase) -> bool:
        """Whether our credit is another than it would be unsold: credit that was added hides what was spent."""
        return purchase.balance_minor is None or self.balance() != purchase.balance_minor

    def _confirmed(self, desired: Desired, found: Observed | None, lost: Lost = PanelOutcomeUnknown) -> Account:
        """The account, as a get shows it to be ours: without that no id is sent to a call that changes something."""
        resource = self.resource_for(desired)
        account = self._known(resource, {**desired.handle.data, **(found.handle_data if found else {})})
        if account is None or not _is_ours(account, desired):
            raise lost(f"{self._what} shows no {resource.noun} of ours under the id that we kept.")
        return account

    def _known(self, resource: Resource, handle_data: Mapping[str, Any]) -> Account | None:
        account_id = number(handle_data.get(resource.id_in_handle))
        return self._get(resource, account_id) if account_id else None

    def _get(self, resource: Resource, account_id: int) -> Account | None:
        try:
            account = account_in(resource, self._client.read(f"get_{resource.noun}", {"id": str(account_id)}).data)
        except Refused as refused:
            if refused.status in ("FAILURE", "NO_PERMISSIONS"):  # not there, or not ours
                return None
            raise
        return None if account is not None and account.lost else account

    def _logged(self, resource: Resource) -> Iterator[Account]:
        """The accounts of our newest purchases. Raises AnsweredNull where the panel's log is broken."""
        rows = self._client.read("user_logs", {"start": "0", "limit": str(4 * _LOGGED)}).data or []
        ids = dict.fromkeys(
            number(row.get("log_id"))
            for row in rows
            if isinstance(row, Mapping) and _IN_LOG.get(text(row, "type")) == resource.noun
        )
        for account_id in [found for found in ids if found][:_LOGGED]:
            account = self._get(resource, account_id)
            if account is not None:
                yield account

    def _read_back(self, account: Account) -> Account:
        with reading_back():
            stored = self._get(account.resource, account.id)
        if stored is None:
            raise PanelUnclear(f"{self._what} has lost {_shown(account)} while it was changed.")
        return stored


def _named(resource: Resource, desired: Desired) -> Payload:
    """What a new account is known by, and the line that a new box hangs on, where that is on the panel already."""
    if not resource.is_device:
        return {"username": desired.login, "password": desired.password}
    leads = pair_of(desired)
    return {"mac": desired.mac or "", **({"pair_id": str(leads)} if leads else {})}


def _purchase_fields(resource: Resource, purchase: Purchase) -> Payload:
    fields: Payload = {"package": purchase.package}
    if purchase.desired.trial:
        fields["trial"] = "1"
    if purchase.desired.bouquets:  # a part of the package's; none is all of them
        fields["bouquets_selected[]"] = sorted(purchase.desired.bouquets, key=int)
    return fields


def _free_steps(desired: Desired, found: Observed) -> list[Step]:
    """What may be changed for nothing; what the package decides is left as it is."""
    wanted = replace(
        desired,
        due=None,
        bouquets=desired.bouquets if isinstance(found.bouquets, Unobservable) else found.bouquets,
        connections=desired.connections if isinstance(found.connections, Unobservable) else found.connections,
        expires_at=desired.expires_at if isinstance(found.expires_at, Unobservable) else found.expires_at,
    )
    steps = diff(wanted, found)
    changes = steps[0].changes if steps and isinstance(steps[0], Free) else frozenset()
    if found.handle_data.get("ref") != desired.handle.ref:
        changes |= {"note"}
    return [Free("update", wanted, found, changes)] if changes else []


def _with_the_next_package(desired: Desired, found: Observed) -> list[Impossible]:
    """What is wanted otherwise than it was bought. Said when nothing is left to be done, so that no switch waits."""
    why = "is a part of what was bought, and changes with the next package: it can't be had before"
    names = ["bouquets"] if desired.bouquets else []  # none is all of the package's
    names += ["connections"] if desired.kind is LineKind.STREAM else []
    differing = (name for name in names if getattr(found, name) not in (UNOBSERVABLE, getattr(desired, name)))
    return [Impossible(name, why) for name in differing]


def _impossible(settings: Any, resource: Resource, desired: Desired, found: Observed | None) -> list[Impossible]:
    refused = [each for each in impossible(settings, resource, desired) if each.field != "bouquets" or desired.bouquets]
    if resource is LINE:
        refused += [
            Impossible(field, f"this panel sells no line with one of fewer than {_SHORTEST} characters")
            for field in ("login", "password")
            if len(wanted := getattr(desired, field)) < _SHORTEST and (found is None or getattr(found, field) != wanted)
        ]
        if found is not None and found.login not in (UNOBSERVABLE, desired.login):
            refused.append(Impossible("login", "a reseller can't rename a line of this panel"))
    return refused


def _observed(account: Account) -> Observed:
    """Our reference stands in the reseller's notes: the panel's own are not ours to write."""
    observed = account.observed()
    return replace(observed, handle_data={**observed.handle_data, "ref": _reference(account)})


def _reference(account: Account) -> str:
    return reference_in(text(account.line, "reseller_notes"))


def _notes(account: Account, desired: Desired) -> str:
    notes = text(account.line, "reseller_notes")
    return notes if _reference(account) == desired.handle.ref else notes_with(desired.handle.ref, notes)


def _is_ours(account: Account, desired: Desired) -> bool:
    if _reference(account):
        return _reference(account) == desired.handle.ref
    seen = str(desired.handle.data.get(account.resource.seen_in_handle) or "")  # as the panel called it last
    return bool(account.name) and account.name in (
        seen,
        (desired.mac or "") if account.resource.is_device else desired.login,
    )


def _shown(account: Account) -> str:
    return f"{account.resource.noun} {account.id}"
