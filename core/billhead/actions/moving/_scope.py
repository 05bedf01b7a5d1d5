"""Which lines a move is about, and between which panels there can be one."""

from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from billhead.actions.provisioning._desired import panel_view
from billhead.domain.errors import BillheadError, Conflict, InvalidInput, NotFound
from billhead.models.panels import Panel
from billhead.models.subscriptions import Service, Subscription
from billhead.plugin import Expiry

__all__ = ["lines_to_move", "movable_panels"]


def lines_to_move(from_id: int, plan_id: int | None, *columns: Any) -> Select[Any]:
    """The lines that customers should have on a panel, all or those of a plan."""
    query = select(*columns).select_from(Service).join(Subscription, Subscription.id == Service.subscription_id)
    query = query.where(Service.panel_id == from_id, Service.lifecycle == "wanted")
    return query if plan_id is None else query.where(Subscription.plan_id == plan_id)


def movable_panels(session: Session, from_id: int, to_id: int) -> tuple[Panel, Panel]:
    """Raises NotFound, InvalidInput (the same one, another seller's, one that can't be used) or Conflict where time is
    bought: what was bought at a panel can't be taken along."""
    source, target = session.get(Panel, from_id), session.get(Panel, to_id)
    if source is None or target is None:
        raise NotFound("panel", from_id if source is None else to_id)
    if source.id == target.id or source.seller_id != target.seller_id:
        raise InvalidInput("to", "choose another panel of this seller")
    for panel in (source, target):
        try:
            expiry = panel_view(session, panel, bouquets=False).capabilities.expiry
        except BillheadError as error:
            if panel is source:
                continue  # lines are moved away from a panel that can't be used any more, too
            raise InvalidInput("to", f"panel {panel.code} can't be used: {error}") from error
        if expiry is Expiry.PURCHASED:
            raise Conflict(f"panel {panel.name} sells time: what is bought there stays there, so lines are not moved")
    return source, target
