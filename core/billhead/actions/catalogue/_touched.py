"""Whom a change of prices for existing subscriptions touches: each part that pays one of its prices then."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session, aliased

from billhead.domain.subscription import STANDING
from billhead.models.catalogue import Plan, Price, PriceBook
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription, SubscriptionComponent

__all__ = ["Touched", "paid_before", "touched_by"]

_BATCH = 500
_OLD = 11  # the column of the price by which it was sold, and of what is paid now


@dataclass(frozen=True, slots=True)
class Touched:
    """Minor units, for one; `old_minor` is what is paid before the change."""

    customer_id: int
    name: str
    email: str
    country: str
    price_group: str
    subscription_id: int
    plan: str
    term: str
    book: str
    currency: str
    units: int
    old_minor: int
    new_minor: int
    paid_through: date | None


def touched_by(session: Session, reprice_id: int) -> Iterator[Touched]:
    """By subscription, streamed, in two queries; who is added or ends until the day comes or goes by itself."""
    old, new, part = aliased(Price), aliased(Price), SubscriptionComponent
    same = and_(new.book_id == old.book_id, new.plan_id == old.plan_id, new.term == old.term)
    paid = paid_before(session, reprice_id)
    query = (
        select(
            Subscription.customer_id, Customer.name, Customer.email, Customer.country, Customer.price_group,
            Subscription.id, Plan.name, new.term, PriceBook.code, PriceBook.currency, part.quantity,
            old.id.label("old_id"), new.amount_minor, Subscription.paid_through,
        )
        .select_from(part)
        .join(old, old.id == part.price_id)
        .join(new, and_(same, new.reprice_id == reprice_id, old.version < new.version))
        .join(Subscription, Subscription.id == part.subscription_id)
        .join(Customer, Customer.id == Subscription.customer_id)
        .join(Plan, Plan.id == new.plan_id)
        .join(PriceBook, PriceBook.id == new.book_id)
        .where(
            part.ends_on.is_(None),
            Subscription.settlement == "invoice",
            Subscription.state.in_([state.value for state in STANDING]),
        )
        .order_by(Subscription.id, part.id)
    )  # fmt: skip
    for row in session.execute(query.execution_options(yield_per=_BATCH)):
        told: list[Any] = [*row]
        told[_OLD] = paid[row.old_id]
        yield Touched(*told)


def paid_before(session: Session, reprice_id: int) -> dict[int, int]:
    """Price by which something was sold → what it costs by the last version before the change that holds for it."""
    new = aliased(Price)
    rows = session.execute(
        select(Price, new.version, new.existing_from)
        .join(new, and_(new.book_id == Price.book_id, new.plan_id == Price.plan_id, new.term == Price.term))
        .where(new.reprice_id == reprice_id, Price.version < new.version)
        .order_by(Price.version)
    ).all()
    found: dict[int, int] = {}
    for price, _, day in rows:
        found[price.id] = price.amount_minor
        holds = (
            price.withdrawn_on is None and price.existing_from is not None and price.existing_from < (day or date.max)
        )
        for other, _, _ in rows:
            same = (other.book_id, other.plan_id, other.term) == (price.book_id, price.plan_id, price.term)
            if holds and same and other.version < price.version:
                found[other.id] = price.amount_minor
    return found
