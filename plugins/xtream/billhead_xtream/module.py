"""The provisioning module `xtream`: what Billhead asks, passed to the dialect that the panel speaks."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from billhead.plugin import (
    Access,
    Capabilities,
    Catalogue,
    Desired,
    Free,
    Gone,
    ListedLine,
    LiveOnLine,
    LiveSession,
    LookUp,
    Observed,
    Owner,
    PanelConnection,
    Proof,
    ProvisioningModule,
    Purchase,
    Resolution,
    Step,
    Tombstone,
    Viewing,
    marked,
)
from billhead_xtream.dialects.choosing import checked, dialect_of, found_out
from billhead_xtream.settings import XtreamSettings


class XtreamModule(ProvisioningModule):
    code = "xtream"
    label = marked("Xtream panel (XUI.ONE, XC_VM, Xtream UI)")
    settings_type: type = XtreamSettings

    def capabilities(self, panel: PanelConnection) -> Capabilities:
        return dialect_of(panel).capabilities()

    def look_up(self, panel: PanelConnection, desired: Desired) -> LookUp:
        return dialect_of(panel).look_up(desired)

    def plan(self, panel: PanelConnection, desired: Desired, found: Observed | None) -> Sequence[Step]:
        return dialect_of(panel).plan(desired, found)

    def apply(self, panel: PanelConnection, step: Free) -> Observed:
        return dialect_of(panel).apply(step)

    def remove(self, panel: PanelConnection, desired: Desired) -> Gone | Tombstone:
        return dialect_of(panel).remove(desired)

    def access(self, panel: PanelConnection, desired: Desired) -> Access:
        return dialect_of(panel).access(desired)

    def check(self, panel: PanelConnection) -> str:
        return checked(panel)

    def left_open(self, settings: Any) -> bool:
        return bool(settings.dialect == "auto")

    def find_out(self, panel: PanelConnection) -> Mapping[str, Any]:
        return found_out(panel)

    def list_lines(self, panel: PanelConnection) -> Iterable[ListedLine]:
        return dialect_of(panel).list_lines()

    def handle_for(self, panel: PanelConnection, desired: Desired, number: str) -> Mapping[str, Any]:
        return dialect_of(panel).handle_for(desired, number)

    def catalogue(self, panel: PanelConnection) -> Catalogue:
        return dialect_of(panel).catalogue()

    def owners(self, panel: PanelConnection) -> Sequence[Owner]:
        return dialect_of(panel).owners()

    def change_credits(self, panel: PanelConnection, owner: Owner, amount_minor: int, reason: str) -> Owner:
        return dialect_of(panel).change_credits(owner, amount_minor, reason)

    def balance(self, panel: PanelConnection) -> int:
        return dialect_of(panel).balance()

    def viewings(self, panel: PanelConnection, since: datetime, until: datetime) -> Iterable[Viewing]:
        return dialect_of(panel).viewings(since, until)

    def live_sessions(self, panel: PanelConnection, desired: Desired) -> Sequence[LiveSession]:
        return dialect_of(panel).live_sessions(desired)

    def live_everywhere(self, panel: PanelConnection) -> Iterable[LiveOnLine]:
        return dialect_of(panel).live_everywhere()

    def kick(self, panel: PanelConnection, desired: Desired, session_id: str) -> None:
        dialect_of(panel).kick(desired, session_id)

    def prove(self, panel: PanelConnection, desired: Desired, *, disturb: bool = False) -> Proof:
        """A player's question ends nobody's session: there is nothing to disturb."""
        return dialect_of(panel).prove(desired)

    def buy(self, panel: PanelConnection, purchase: Purchase) -> Observed:
        return dialect_of(panel).buy(purchase)

    def resolve(self, panel: PanelConnection, purchase: Purchase) -> Resolution:
        return dialect_of(panel).resolve(purchase)
