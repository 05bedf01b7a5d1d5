"""Which bouquets a subscription has by what was bought once and may be watched now."""

from sqlalchemy import or_, select

from billhead import clock
from billhead.actions.scheduling import enqueue
from billhead.db import Tx
from billhead.domain.entitlement import State
from billhead.models.catalogue import PlanBouquet
from billhead.models.entitlements import Entitlement

__all__ = ["bought_bouquets", "queue_window"]


def bought_bouquets(tx: Tx, subscription_id: int, *, but: int = 0) -> set[int]:
    """Of all windows that are open at this moment, `but` one entitlement's."""
    now = clock.business_now()
    query = (
        select(PlanBouquet.bouquet_id)
        .join(Entitlement, Entitlement.plan_id == PlanBouquet.plan_id)
        .where(Entitlement.subscription_id == subscription_id, Entitlement.id != but)
        .where(Entitlement.state == State.ACTIVE.value)
        .where(Entitlement.valid_from <= now, Entitlement.valid_until > now)
        .where(or_(Entitlement.uses_left.is_(None), Entitlement.uses_left > 0))
    )
    return set(tx.session.scalars(query))


def queue_window(tx: Tx, one: Entitlement) -> None:
    """Look at its lines when the window opens and when it closes; at once where that has passed."""
    has = select(PlanBouquet.bouquet_id).where(PlanBouquet.plan_id == one.plan_id).limit(1)
    if one.valid_from is None or one.valid_until is None or tx.session.scalar(has) is None:
        return
    args = {"entitlement_id": one.id}
    for what, at in (("opens", one.valid_from), ("closes", one.valid_until)):
        enqueue(tx, "entitlements.follow", args, key=f"window:{one.id}:{what}", due_at=at)
