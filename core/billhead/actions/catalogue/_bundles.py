"""A bundle's lines, bouquets and screens are those of its parts: worked out when it or one of them is saved."""

from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from billhead.models.catalogue import BundlePart, Plan, PlanBouquet

__all__ = ["fill_bundle", "fill_bundles_of"]


def fill_bundle(session: Session, bundle: Plan) -> None:
    """Take over what the parts bring now. Subscriptions that run get it with their next change."""
    session.flush()
    parts = session.execute(
        select(Plan, BundlePart.quantity)
        .join(BundlePart, BundlePart.plan_id == Plan.id)
        .where(BundlePart.bundle_id == bundle.id)
        .order_by(Plan.tier, Plan.id)
    ).all()
    services: list[dict[str, Any]] = []
    for plan, quantity in parts:
        services += plan.details.get("services", []) * quantity
    own = [plan.connections for plan, _ in parts if plan.kind != "connection"]
    more = sum(plan.connections * quantity for plan, quantity in parts if plan.kind == "connection")
    bundle.connections = max(own, default=1) + more
    bundle.details = {**bundle.details, "services": services}
    plans = [plan.id for plan, _ in parts]
    bouquets = set(session.scalars(select(PlanBouquet.bouquet_id).where(PlanBouquet.plan_id.in_(plans))))
    session.execute(delete(PlanBouquet).where(PlanBouquet.plan_id == bundle.id))
    session.add_all([PlanBouquet(plan_id=bundle.id, bouquet_id=one) for one in sorted(bouquets)])
    session.flush()


def fill_bundles_of(session: Session, plan: Plan) -> None:
    bundles = select(Plan).join(BundlePart, BundlePart.bundle_id == Plan.id).where(BundlePart.plan_id == plan.id)
    for bundle in session.scalars(bundles).all():
        fill_bundle(session, bundle)
