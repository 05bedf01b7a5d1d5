"""What each way of speaking to a panel answers. A new one is a file beside this one and a line in `choosing`.

A dialect is made for one call and forgotten: all that it knows comes in its PanelConnection. What it does not define is
refused in the words of its panel, and its capabilities say so beforehand.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from billhead.plugin import (
    Access,
    Capabilities,
    Catalogue,
    Desired,
    Found,
    Free,
    Gone,
    InvalidInput,
    ListedLine,
    LiveOnLine,
    LiveSession,
    LookUp,
    Observed,
    Owner,
    PanelConnection,
    PanelRejected,
    Proof,
    Purchase,
    Resolution,
    Step,
    Tombstone,
    Viewing,
)
from billhead_xtream.access import access_of
from billhead_xtream.accounts import LINE, Resource, resource_for
from billhead_xtream.planning import normalised, planned
from billhead_xtream.players import Players, Serving
from billhead_xtream.settings import XtreamSettings

_PROOFS = {
    Serving.WORKS: Proof(True, "Players are let in with this login and password"),
    Serving.REFUSED: Proof(False, "Players are turned away with this login and password"),
    Serving.UNKNOWN: Proof(None, "The panel's side for players does not answer, or does not answer us"),
}


class Dialect(ABC):
    """Each method is the one of that name in ProvisioningModule, for the panel that the dialect was made with."""

    label: ClassVar[str]

    def __init__(self, panel: PanelConnection) -> None:
        self._what = panel.code
        self.settings: XtreamSettings = panel.settings
        self._players = Players(panel.http, self.settings.players)

    def resource_for(self, desired: Desired) -> Resource:
        """The sort of account that this panel keeps for such a line."""
        return resource_for(desired)

    @abstractmethod
    def capabilities(self) -> Capabilities: ...

    @abstractmethod
    def look_up(self, desired: Desired) -> LookUp: ...

    def plan(self, desired: Desired, found: Observed | None) -> Sequence[Step]:
        return planned(self.settings, self.resource_for(desired), desired, found)

    def apply(self, step: Free) -> Observed:
        wanted = normalised(step.desired)
        return self.create(wanted) if step.op == "create" else self.edit(wanted, step.found, step.changes)

    @abstractmethod
    def create(self, desired: Desired) -> Observed:
        """Only after a proven absence. A name that is taken all the same may be ours, by a call that was cut off."""

    @abstractmethod
    def edit(self, desired: Desired, found: Observed | None, changes: Collection[str]) -> Observed:
        """Bring the fields named by `changes` (none: all) in step and leave the others as they are stored."""

    @abstractmethod
    def remove(self, desired: Desired) -> Gone | Tombstone: ...

    def access(self, desired: Desired) -> Access:
        return access_of(self.settings, self.resource_for(desired), desired)

    @abstractmethod
    def check(self) -> str: ...

    def list_lines(self) -> Iterable[ListedLine]:
        raise self._cannot("list its lines")

    def handle_for(self, desired: Desired, number: str) -> Mapping[str, Any]:
        """Each sort of account counts for itself: a box's number is that of its device, not of its hidden line."""
        resource = self.resource_for(desired)
        if not (number.isascii() and number.isdigit() and int(number)):
            raise InvalidInput("number", f"is the id of the {resource.noun} on the panel, like 1234")
        return {resource.id_in_handle: int(number)}

    def catalogue(self) -> Catalogue:
        return Catalogue({}, {})

    def owners(self) -> Sequence[Owner]:
        raise self._cannot("list its resellers")

    def change_credits(self, owner: Owner, amount_minor: int, reason: str) -> Owner:
        raise self._cannot("change the credits of its resellers")

    def balance(self) -> int:
        raise self._cannot("tell a credit of ours: it sells nothing to us")

    def viewings(self, since: datetime, until: datetime) -> Iterable[Viewing]:
        raise self._cannot("tell what was watched")

    def live_sessions(self, desired: Desired) -> Sequence[LiveSession]:
        raise self._cannot("tell who watches")

    def live_everywhere(self) -> Iterable[LiveOnLine]:
        raise self._cannot("list who watches")

    def kick(self, desired: Desired, session_id: str) -> None:
        raise self._cannot("cut a session")

    def prove(self, desired: Desired) -> Proof:
        """As a player. A line is looked up before: ten names that nobody has get our address banned."""
        if self.resource_for(desired) is not LINE:
            return Proof(None, "The portal for boxes lets blocked ones in, too: only the panel's API tells")
        if not isinstance(self.look_up(desired), Found):
            return Proof(None, f"{self._what} shows no such line of ours: bring it in step first")
        return _PROOFS[self._players.serving(desired.login, desired.password)]

    def buy(self, purchase: Purchase) -> Observed:
        raise self._cannot("sell: its expiry is set, not bought")

    def resolve(self, purchase: Purchase) -> Resolution:
        raise self._cannot("sell: its expiry is set, not bought")

    def _cannot(self, what: str) -> PanelRejected:
        return PanelRejected(f"{self._what} can't {what} ({self.label}).")
