"""What something costs in credits: for a reseller's subscriber, or for a reseller that is added below another."""

from collections.abc import Collection
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.catalogue.prices_for import Audience, PriceList, prices_for
from billhead.domain.errors import InvalidInput
from billhead.domain.money import CREDITS, Money
from billhead.models.catalogue import Plan, Price
from billhead.models.people import Customer, Reseller

__all__ = ["credit_prices", "in_credits", "place_price", "told_part"]


def credit_prices(
    session: Session, reseller: Reseller, customer: Customer, plans: Collection[int] | None = None
) -> PriceList:
    """As `prices_for`, but prices in credits go first, and a book for the group "reseller" or "super_reseller" is for
    who pays: so each tier may have prices of its own. A reseller's own prices have none in credits."""
    if customer.seller_id != reseller.seller_id:  # of its own shop: credits are the operator's
        customer = session.scalars(select(Customer).where(Customer.buys_for_reseller_id == reseller.id)).one()
    audience = Audience.of(customer)
    return prices_for(session, replace(audience, price_group=reseller.tier), plans, in_credits=True)


def in_credits(credit_minor: int | None, plan: Plan, term: str, quantity: int = 1) -> Money:
    """Raises InvalidInput for what is not sold for credits."""
    if credit_minor is None:
        raise InvalidInput("term", f"{plan.name} has no price in credits for {term}")
    return Money(credit_minor * quantity, CREDITS)


def told_part(plan_id: int, price: Price, quantity: int) -> list[int | str]:
    """As a purchase keeps each of its parts: plan, how many, hundredths of a credit that it took, and the term."""
    return [plan_id, quantity, (price.credit_minor or 0) * quantity, price.term]


def place_price(session: Session, parent: Reseller, own: Customer, plan: Plan) -> Money:
    """What a super-reseller pays for a reseller below it. Raises InvalidInput where the plan has no such price."""
    audience = Audience(own.seller_id, own.currency, own.country, clock.today_in(own.zone), parent.tier, parent.id)
    price = prices_for(session, audience, {plan.id}, in_credits=True).get((plan.id, ""))
    if price is None or price.price.credit_minor is None:
        raise InvalidInput("plan", f"{plan.name} has no price in credits")
    return Money(price.price.credit_minor, CREDITS)
