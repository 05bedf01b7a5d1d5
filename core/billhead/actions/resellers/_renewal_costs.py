"""What one more term of subscriptions costs in credits, for as many as are asked for in a few queries."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Row, or_, select
from sqlalchemy.orm import Session

from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.resellers._prices import told_part
from billhead.domain.errors import InvalidInput
from billhead.domain.money import CREDITS, Money
from billhead.models.catalogue import Plan, Price
from billhead.models.subscriptions import SubscriptionComponent

__all__ = ["RenewalCost", "renewal_costs"]


@dataclass(slots=True)
class RenewalCost:
    """In hundredths; `sold`: what it is the price of, as `told_part`. `missing`: "Basic … for 1 month" where a part
    has no price in credits."""

    minor: int = 0
    sold: list[list[int | str]] = field(default_factory=list)
    missing: str = ""

    def amount(self) -> Money:
        """Raises InvalidInput where a part has no price in credits."""
        if self.missing:
            raise InvalidInput("term", self.missing)
        return Money(self.minor, CREDITS)


def renewal_costs(session: Session, starts: Mapping[int, date]) -> dict[int, RenewalCost]:
    """By subscription, for a term that begins on the day in `starts`: at the price of the day when it was ordered, or
    the version of it that holds for existing subscriptions then."""
    part = SubscriptionComponent
    rows = session.execute(
        select(part.subscription_id, Plan.id, Plan.name, part.price_id, part.quantity, part.starts_on, part.ends_on)
        .join(Plan, Plan.id == part.plan_id)
        .where(part.subscription_id.in_(starts), or_(part.ends_on.is_(None), part.ends_on > min(starts.values())))
        .order_by(part.id)
    ).all()
    running = [row for row in rows if _runs(row, starts[row.subscription_id])]
    catalogue = Catalogue()
    catalogue.need(session, prices={row.price_id for row in running})
    price_of = {row: catalogue.price_at(row.price_id, starts[row.subscription_id]) for row in running}
    prices = {price.id: price for price in session.scalars(select(Price).where(Price.id.in_(set(price_of.values()))))}
    found = {key: RenewalCost() for key in starts}
    for row in running:
        price, cost = prices[price_of[row]], found[row.subscription_id]
        if price.credit_minor is None:
            cost.missing = f"{row.name} has no price in credits for {price.term}"
        else:
            cost.minor += price.credit_minor * row.quantity
            cost.sold.append(told_part(row.id, price, row.quantity))
    return found


def _runs(row: Row[*tuple[Any, ...]], on: date) -> bool:
    return row.starts_on <= on and (row.ends_on is None or row.ends_on > on)
