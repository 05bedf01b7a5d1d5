"""What is sold to whom: plans with their prices in one currency, by the same precedence by which an order is priced."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.catalogue.prices_for import Audience, prices_for
from billhead.domain.money import Money, Rounding
from billhead.domain.periods import Term
from billhead.models.catalogue import Bouquet, Plan, PlanBouquet, Price, PriceBook
from billhead.models.people import Customer
from billhead.models.sellers import Seller

__all__ = ["KINDS", "AddOn", "Audience", "Offer", "TermPrice", "audience_of", "currencies", "offer", "offers"]

KINDS = {
    "stream": ("Apps, smart TVs and computers", "Watch with any IPTV app: a playlist address and a login."),
    "paired": ("Box and apps together", "Your MAG box in the living room, your phone on the way."),
    "mag": ("MAG boxes", "Register your box by its MAC address; nothing to type with the remote."),
    "enigma2": ("Enigma2 receivers", "For Dreambox, VU+ and their relatives."),
}
"""Plans that can be ordered here, in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class TermPrice:
    price_id: int
    term: str
    amount: Money
    setup: Money
    trial_term: str
    trial: Money
    tax_inclusive: bool

    @property
    def length(self) -> int:
        """Comparable: about how many days."""
        parsed = Term.parse(self.term)
        return parsed.days + parsed.months * 30

    @property
    def a_month(self) -> Money | None:
        """About what a month costs, for terms of several; for comparing, never for billing."""
        months = Term.parse(self.term).months
        return self.amount.times(Fraction(1, months), Rounding.HALF_UP) if months > 1 else None


@dataclass(frozen=True, slots=True)
class AddOn:
    plan_id: int
    code: str
    name: str
    kind: str
    most: int
    prices: dict[str, TermPrice]


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan that this audience can buy. `boxed`: it is watched on a box, whose MAC is needed."""

    plan_id: int
    code: str
    name: str
    description: str
    kind: str
    connections: int
    boxed: bool
    prices: Sequence[TermPrice]
    bouquets: Sequence[str] = ()
    addons: Sequence[AddOn] = field(default=())

    @property
    def cheapest(self) -> TermPrice:
        return min(self.prices, key=lambda price: price.length)

    @property
    def with_trial(self) -> TermPrice | None:
        return next((price for price in self.prices if price.trial_term), None)

    def price(self, term: str) -> TermPrice | None:
        return next((price for price in self.prices if price.term == term), None)


def audience_of(session: Session, seller: Seller, customer_id: int | None, currency: str) -> Audience:
    """A customer's own currency, country and group; a visitor's chosen currency and the seller's country."""
    customer = session.get(Customer, customer_id) if customer_id is not None else None
    if customer is None:
        return Audience(seller.id, currency or seller.currency, seller.country, clock.today_in(seller.zone))
    return Audience.of(customer)


def currencies(session: Session, seller: Seller) -> list[str]:
    """The currencies of the books that are open to everybody."""
    books = select(PriceBook.currency).where(
        PriceBook.seller_id == seller.id, PriceBook.price_group == "", PriceBook.reseller_id.is_(None)
    )
    found = set(session.scalars(books))
    return sorted(found, key=lambda code: (code != seller.currency, code))


def offers(session: Session, audience: Audience) -> list[Offer]:
    """Every listed plan with a price, in the order of KINDS, then tier."""
    listed = select(Plan).where(
        Plan.seller_id == audience.seller_id, Plan.listed, Plan.retired.is_(False), Plan.kind.in_(KINDS)
    )
    plans = list(session.scalars(listed))
    prices = _prices(session, audience, [plan.id for plan in plans])
    bouquets = _bouquets(session, [plan.id for plan in plans])
    found = [_offer(plan, prices[plan.id], bouquets.get(plan.id, [])) for plan in plans if prices.get(plan.id)]
    order = list(KINDS)
    tiers = {plan.id: plan.tier for plan in plans}
    return sorted(found, key=lambda one: (order.index(one.kind), tiers[one.plan_id], one.cheapest.amount.minor))


def offer(session: Session, audience: Audience, code: str) -> Offer | None:
    """One plan with its add-ons; None when it is not sold (any more), or not to this audience."""
    plan = session.scalar(
        select(Plan).where(
            Plan.seller_id == audience.seller_id, Plan.code == code, Plan.retired.is_(False), Plan.kind.in_(KINDS)
        )
    )
    if plan is None:
        return None
    prices = _prices(session, audience, [plan.id]).get(plan.id)
    if not prices:
        return None
    bouquets = _bouquets(session, [plan.id]).get(plan.id, [])
    return _offer(plan, prices, bouquets, _addons(session, audience, plan))


def _offer(plan: Plan, prices: list[TermPrice], bouquets: Sequence[str], addons: Sequence[AddOn] = ()) -> Offer:
    services = plan.details.get("services", [])
    return Offer(
        plan_id=plan.id,
        code=plan.code,
        name=plan.name,
        description=plan.description,
        kind=plan.kind,
        connections=plan.connections,
        boxed=any(service["kind"] != "stream" for service in services),
        prices=sorted(prices, key=lambda price: price.length),
        bouquets=bouquets,
        addons=addons,
    )


def _addons(session: Session, audience: Audience, plan: Plan) -> list[AddOn]:
    kinds = select(Plan).where(
        Plan.seller_id == audience.seller_id, Plan.retired.is_(False), Plan.kind.in_(["bouquet", "connection"])
    )
    fitting = [addon for addon in session.scalars(kinds) if plan.code in addon.details.get("plans", [])]
    prices = _prices(session, audience, [addon.id for addon in fitting])
    found = []
    for addon in fitting:
        by_term = {price.term: price for price in prices.get(addon.id, [])}
        if by_term:
            most = int(addon.details.get("max_units") or 1)
            found.append(AddOn(addon.id, addon.code, addon.name, addon.kind, most, by_term))
    return sorted(found, key=lambda addon: (addon.kind, addon.name))


def _prices(session: Session, audience: Audience, plan_ids: Sequence[int]) -> dict[int, list[TermPrice]]:
    """Per plan, one price a term."""
    found: dict[int, list[TermPrice]] = {}
    for (plan_id, term), sold in prices_for(session, audience, plan_ids).items():
        if term:
            found.setdefault(plan_id, []).append(_term_price(sold.price, audience.currency, sold.tax_inclusive))
    return found


def _term_price(price: Price, currency: str, inclusive: bool) -> TermPrice:
    return TermPrice(
        price_id=price.id,
        term=price.term,
        amount=Money(price.amount_minor, currency),
        setup=Money(price.setup_minor, currency),
        trial_term=price.trial_term,
        trial=Money(price.trial_minor, currency),
        tax_inclusive=inclusive,
    )


def _bouquets(session: Session, plan_ids: Sequence[int]) -> dict[int, list[str]]:
    rows = session.execute(
        select(PlanBouquet.plan_id, Bouquet.name)
        .join(Bouquet, Bouquet.id == PlanBouquet.bouquet_id)
        .where(PlanBouquet.plan_id.in_(plan_ids))
        .order_by(Bouquet.name)
    )
    found: dict[int, list[str]] = {}
    for plan_id, name in rows:
        found.setdefault(plan_id, []).append(name)
    return found
