"""What the lines of a subscription should have, by the parts that it has now: plan, bouquets, connections."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import or_, select

from billhead import clock
from billhead.actions.entitlements._open_windows import bought_bouquets
from billhead.actions.provisioning.want import want
from billhead.actions.subscriptions._state import live_services
from billhead.db import Tx
from billhead.domain.errors import InvalidInput
from billhead.models.catalogue import Plan, PlanBouquet
from billhead.models.panels import Panel
from billhead.models.subscriptions import Service, Subscription, SubscriptionComponent

__all__ = ["on_panels", "put_shapes", "refuse_other_lines", "reshape", "shapes_of"]

_SHAPE = ("desired_plan", "desired_bouquets", "desired_connections")


def reshape(tx: Tx, subscription: Subscription) -> int:
    """Let the live lines have what today's parts bring; returns how many differ from before."""
    tx.session.flush()
    parts = _parts(tx, subscription, clock.today_in(subscription.zone))
    base, units = next(((plan, quantity) for plan, quantity, kind in parts if kind == "plan"), (None, 1))
    if base is None:
        return 0
    added = [(plan, quantity) for plan, quantity, kind in parts if kind != "plan"]
    extra = _bouquets(tx, [plan for plan, _ in added])
    every = _bouquets(tx, [base, *(plan for plan, _ in added)])
    bought = bought_bouquets(tx, subscription.id)
    extra, every = sorted(bought.union(extra)), sorted(bought.union(every))
    connections = base.connections * units + sum(plan.connections * n for plan, n in added if plan.kind == "connection")
    changed = 0
    for service, template in _paired(live_services(tx, subscription), base):
        changed += want(
            tx,
            service,
            desired_plan=template["panel_plan"],
            desired_bouquets=extra if template["panel_plan"] else every,
            desired_connections=1 if template["kind"] != "stream" else connections,
        )
    return changed


def shapes_of(tx: Tx, subscription: Subscription) -> dict[str, dict[str, Any]]:
    """What its lines have now, by line, for `put_shapes`."""
    lines = live_services(tx, subscription)
    return {str(line.id): {name: getattr(line, name) for name in _SHAPE} for line in lines}


def put_shapes(tx: Tx, subscription: Subscription, shapes: Mapping[str, Mapping[str, Any]]) -> None:
    """Let the lines have again what they had."""
    for line in live_services(tx, subscription):
        if str(line.id) in shapes:
            want(tx, line, **shapes[str(line.id)])


def refuse_other_lines(tx: Tx, subscription: Subscription, plan: Plan) -> None:
    """Raises InvalidInput unless the lines that there are can carry the plan: kinds and panels are the same."""
    services = live_services(tx, subscription)
    if not services:
        return
    templates: list[dict[str, Any]] = plan.details.get("services", [])
    if [service.kind for service in services] != [template["kind"] for template in templates]:
        raise InvalidInput("plan", f"{plan.name} is watched on other devices", hint="order it as a new subscription")
    if not on_panels([tx.session.get_one(Panel, service.panel_id) for service in services], plan):
        raise InvalidInput("plan", f"{plan.name} is served by another panel", hint="order it as a new subscription")


def on_panels(panels: Sequence[Panel], plan: Plan) -> bool:
    """Whether the plan serves lines that are on these panels, in their order."""
    pairs = zip(panels, plan.details.get("services", ()), strict=False)
    return all(template["panel"] in (panel.code, panel.group) for panel, template in pairs)


def _paired(services: list[Service], plan: Plan) -> list[tuple[Service, dict[str, Any]]]:
    return list(zip(services, plan.details.get("services", []), strict=False))


def _parts(tx: Tx, subscription: Subscription, today: date) -> list[tuple[Plan, int, str]]:
    component = SubscriptionComponent
    rows = tx.session.execute(
        select(Plan, component.quantity, component.kind)
        .join(Plan, Plan.id == component.plan_id)
        .where(component.subscription_id == subscription.id, component.starts_on <= today)
        .where(or_(component.ends_on.is_(None), component.ends_on > today))
        .order_by(component.id)
    )
    return [(plan, quantity, kind) for plan, quantity, kind in rows]


def _bouquets(tx: Tx, plans: list[Plan]) -> list[int]:
    rows = select(PlanBouquet.bouquet_id).where(PlanBouquet.plan_id.in_([plan.id for plan in plans]))
    return sorted(set(tx.session.scalars(rows)))
