"""The lines have what was bought while its window is open, and not before or after."""

from dataclasses import dataclass

from sqlalchemy import or_, select

from billhead import clock
from billhead.actions.entitlements._open_windows import bought_bouquets
from billhead.actions.provisioning.want import want
from billhead.actions.subscriptions._state import live_services, visible_subscription
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.entitlement import State
from billhead.domain.errors import NotFound
from billhead.models.catalogue import PlanBouquet
from billhead.models.entitlements import Entitlement
from billhead.models.subscriptions import Subscription, SubscriptionComponent

__all__ = ["WindowFollowed", "follow_window"]


@dataclass(frozen=True, slots=True)
class WindowFollowed:
    subscription_id: int
    open: bool
    changed: int


@verb("entitlements.follow", permission="subscriptions.write")
def follow_window(tx: Tx, entitlement_id: int) -> WindowFollowed:
    """Only the bouquets of what was bought come and go; whatever else a line has is left as it is. Again, it changes
    nothing."""
    one = tx.session.get(Entitlement, entitlement_id)
    if one is None:
        raise NotFound("entitlement", entitlement_id)
    subscription = visible_subscription(tx, one.subscription_id)
    tx.session.refresh(one)
    now = clock.business_now()
    begun = one.valid_from is not None and one.valid_from <= now
    lasts = one.valid_until is not None and now < one.valid_until and one.uses_left != 0
    is_open = one.state == State.ACTIVE and begun and lasts
    its = set(tx.session.scalars(select(PlanBouquet.bouquet_id).where(PlanBouquet.plan_id == one.plan_id)))
    others = bought_bouquets(tx, subscription.id, but=one.id)
    changed = 0
    for service in live_services(tx, subscription):
        has = set(service.desired_bouquets)
        stays = others | _sold(tx, subscription, base=not service.desired_plan)
        wished = has | its if is_open else has - (its - stays)
        if wished != has:
            changed += want(tx, service, desired_bouquets=sorted(wished))
    return WindowFollowed(subscription.id, is_open, changed)


def _sold(tx: Tx, subscription: Subscription, *, base: bool) -> set[int]:
    """What today's parts bring; the plan itself only where no plan on the panel does."""
    part, today = SubscriptionComponent, clock.today_in(subscription.zone)
    query = (
        select(PlanBouquet.bouquet_id)
        .join(part, part.plan_id == PlanBouquet.plan_id)
        .where(part.subscription_id == subscription.id, part.starts_on <= today)
        .where(or_(part.ends_on.is_(None), part.ends_on > today))
    )
    return set(tx.session.scalars(query if base else query.where(part.kind != "plan")))
