"""Which bouquets a line had when something was watched on it: of its plan and add-ons that day, and bought once."""

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Integer, Subquery, and_, cast, extract, func, literal, or_, select
from sqlalchemy.orm import Session

from billhead.models.catalogue import PlanBouquet
from billhead.models.entitlements import Entitlement
from billhead.models.subscriptions import Service, SubscriptionComponent
from billhead.models.viewings import Viewing

__all__ = ["bouquets_had"]


def bouquets_had(session: Session, first: int, until: int) -> Subquery:
    """(panel_id, viewing_id, bouquet_id) of the viewings of these days, counted from 1970: each bouquet once a viewing,
    however often it was had."""
    part, once = SubscriptionComponent, Entitlement
    key = Viewing.panel_id, Viewing.viewing_id, PlanBouquet.bouquet_id
    then = Viewing.day >= first, Viewing.day < until
    of_parts = (
        select(*key)
        .join(Service, Service.id == Viewing.service_id)
        .join(part, part.subscription_id == Service.subscription_id)
        .join(PlanBouquet, PlanBouquet.plan_id == part.plan_id)
        .where(*then, _day(session, part.starts_on) <= Viewing.day)
        .where(or_(part.ends_on.is_(None), _day(session, part.ends_on) > Viewing.day))
    )
    bought_once = (
        select(*key)
        .join(Service, Service.id == Viewing.service_id)
        .join(once, and_(once.subscription_id == Service.subscription_id, once.valid_from.is_not(None)))
        .join(PlanBouquet, PlanBouquet.plan_id == once.plan_id)
        .where(*then, _second(session, once.valid_from) < Viewing.ended)
        .where(or_(once.valid_until.is_(None), _second(session, once.valid_until) > Viewing.began))
    )
    return of_parts.union(bought_once).subquery("had")


def _day(session: Session, column: Any) -> ColumnElement[int]:
    if session.get_bind().dialect.name == "postgresql":
        return column - literal(date(1970, 1, 1))
    return cast(func.strftime("%s", column), Integer) // 86_400


def _second(session: Session, column: Any) -> ColumnElement[int]:
    if session.get_bind().dialect.name == "postgresql":
        return cast(extract("epoch", column), Integer)
    return cast(func.strftime("%s", column), Integer)
