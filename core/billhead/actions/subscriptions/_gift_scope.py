"""Who gets days that are given to all of a panel, a bouquet or a plan."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, case, func, not_, or_, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.subscriptions._given_days import NO_DAYS
from billhead.domain.errors import InvalidInput, NotFound
from billhead.models.catalogue import Bouquet, Plan, PlanBouquet
from billhead.models.panels import Panel
from billhead.models.subscriptions import Service, Subscription, SubscriptionComponent
from billhead.plugin import Expiry
from billhead.plugin_host import capabilities_of

__all__ = ["GiftScope", "count_afterwards", "count_bought", "count_in", "count_left_out", "ids_in"]


@dataclass(frozen=True, slots=True)
class GiftScope:
    """Exactly one of them; the row's id."""

    panel_id: int | None = None
    bouquet_id: int | None = None
    plan_id: int | None = None


def count_in(session: Session, scope: GiftScope) -> int:
    return _count(session, _those(session, scope))


def count_bought(session: Session, scope: GiftScope) -> int:
    """Of those, the ones with a line on a panel that sells time: given days are not bought there."""
    selling = [
        panel.id
        for panel in session.scalars(select(Panel))
        if (able := capabilities_of(panel)) is not None and able.expiry is Expiry.PURCHASED
    ]
    if not selling:
        return 0
    lines = select(Service.subscription_id).where(Service.panel_id.in_(selling), Service.lifecycle == "wanted")
    return _count(session, _those(session, scope).where(Subscription.id.in_(lines), Subscription.timing == "advance"))


def count_afterwards(session: Session, scope: GiftScope) -> int:
    """Of those, the ones whose next bill leaves the days out."""
    return _count(session, _those(session, scope).where(Subscription.timing == "arrears"))


def count_left_out(session: Session, scope: GiftScope) -> dict[str, int]:
    """Of those that run there, how many get no days, by why not."""
    (over, _), *reasons = NO_DAYS
    why = case(*reasons, else_="").label("why")
    query = select(why, func.count()).where(not_(over), _in_scope(session, scope)).group_by(why).order_by(why)
    return {reason: int(count) for reason, count in session.execute(query) if reason}


def ids_in(session: Session, scope: GiftScope, after: int, limit: int) -> Sequence[int]:
    query = _those(session, scope).where(Subscription.id > after).order_by(Subscription.id).limit(limit)
    return session.scalars(query).all()


def _those(session: Session, scope: GiftScope) -> Select[int]:
    """Who gets them: running, or standing still for now. Raises InvalidInput or NotFound."""
    return select(Subscription.id).where(*(not_(when) for when, _ in NO_DAYS), _in_scope(session, scope))


def _count(session: Session, those: Select[int]) -> int:
    return int(session.scalar(select(func.count()).select_from(those.subquery())) or 0)


def _in_scope(session: Session, scope: GiftScope) -> ColumnElement[bool]:
    if sum(one is not None for one in (scope.panel_id, scope.bouquet_id, scope.plan_id)) != 1:
        raise InvalidInput("scope", "name one panel, one bouquet or one plan")
    component = SubscriptionComponent
    if scope.panel_id is not None:
        if session.get(Panel, scope.panel_id) is None:
            raise NotFound("panel", scope.panel_id)
        return Subscription.id.in_(
            select(Service.subscription_id).where(Service.panel_id == scope.panel_id, Service.lifecycle == "wanted")
        )
    plans = select(PlanBouquet.plan_id).where(PlanBouquet.bouquet_id == scope.bouquet_id)
    if scope.plan_id is not None:
        if session.get(Plan, scope.plan_id) is None:
            raise NotFound("plan", scope.plan_id)
        plans = select(Plan.id).where(Plan.id == scope.plan_id)
    elif session.get(Bouquet, scope.bouquet_id) is None:
        raise NotFound("bouquet", scope.bouquet_id)
    # what ends later still brings it today, and what begins later does not bring it yet
    today = clock.today_in("UTC")
    return Subscription.id.in_(
        select(component.subscription_id).where(
            component.plan_id.in_(plans),
            or_(component.starts_on.is_(None), component.starts_on <= today),
            or_(component.ends_on.is_(None), component.ends_on > today),
        )
    )
