"""The panel that lines are moved to: what it can take, what a line would be there, and why it can't be one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billhead.actions.provisioning._desired import PanelView, panel_view, unnamed_bouquets
from billhead.models.catalogue import PlanBouquet
from billhead.models.panels import Panel
from billhead.models.subscriptions import Service

__all__ = ["COPIED", "Stays", "Target", "target_of"]

COPIED = (
    *("login", "password", "mac", "desired_connections", "limit_connections", "limit_bouquets"),
    *("capped_connections", "desired_expires_at", "desired_blocked", "trial", "in_review"),
)
"""What is the same at both places."""


@dataclass(frozen=True, slots=True)
class Stays:
    """Why a line can't be moved: `code` in a word."""

    code: str
    why: str


@dataclass(frozen=True, slots=True)
class Target:
    """`room`: how many more lines fit, None for any number. `speaks_alike`: both panels have one module, so a panel's
    plan keeps its name."""

    view: PanelView
    room: int | None
    speaks_alike: bool
    plan_bouquets: Mapping[int, Sequence[int]]

    def place(self, service: Service | Any, plan_id: int) -> dict[str, Any]:
        """The desired fields of a line there. A panel's plan means nothing to another kind of panel: its bouquets,
        which the plan brought with it, are wished one by one."""
        plan, bouquets = service.desired_plan, list(service.desired_bouquets)
        if plan and not self.speaks_alike:
            plan, bouquets = "", sorted({*bouquets, *self.plan_bouquets.get(plan_id, ())})
        wish = {name: getattr(service, name) for name in COPIED}
        return {**wish, "desired_plan": plan, "desired_bouquets": bouquets}

    def refusal(self, kind: str, had_plan: str, wish: Mapping[str, Any]) -> Stays | None:
        if kind not in {one.value for one in self.view.capabilities.kinds}:
            return Stays("kind", f"panel {self.view.code} has no lines of the kind {kind}")
        if had_plan and not wish["desired_plan"] and not wish["desired_bouquets"]:
            why = f"its channels come with the panel's plan {had_plan}, and its plan here names no bouquets"
            return Stays("no_bouquets", why)
        if self.unnamed(wish["desired_bouquets"]):
            return Stays("bouquets", f"bouquets that it has are not named on panel {self.view.code}")
        return None

    def unnamed(self, bouquets: Sequence[int]) -> list[int]:
        return unnamed_bouquets(bouquets, self.view)


def target_of(session: Session, source: Panel, panel: Panel) -> Target:
    """Raises NotFound or InvalidInput when the panel can't be used (its plugin, its settings)."""
    used = select(func.count()).where(Service.panel_id == panel.id, Service.lifecycle != "gone")
    room = max(panel.capacity - int(session.scalar(used) or 0), 0) if panel.capacity else None
    bouquets: dict[int, list[int]] = {}
    for plan_id, bouquet_id in session.execute(select(PlanBouquet.plan_id, PlanBouquet.bouquet_id)):
        bouquets.setdefault(plan_id, []).append(bouquet_id)
    return Target(panel_view(session, panel), room, source.module == panel.module, bouquets)
