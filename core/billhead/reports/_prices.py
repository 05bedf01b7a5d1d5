"""What a term of a subscription's parts costs now."""

from typing import Any

from sqlalchemy import and_, func, or_, select

from billhead import clock
from billhead.actions.catalogue._holding import holding_minor
from billhead.models.catalogue import Price
from billhead.models.subscriptions import SubscriptionComponent

__all__ = ["term_prices"]


def term_prices() -> Any:
    """Subscription → what a term of its parts costs now, in minor units."""
    part, today = SubscriptionComponent, clock.business_now().date()
    running = and_(part.starts_on <= today, or_(part.ends_on.is_(None), part.ends_on > today))
    return (
        select(part.subscription_id, func.sum(part.quantity * holding_minor(today)).label("minor"))
        .join(Price, Price.id == part.price_id)
        .where(running)
        .group_by(part.subscription_id)
        .subquery()
    )
