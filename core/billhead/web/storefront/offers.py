"""What is sold to whom: plans with their prices in one currency, by the same precedence by which an order is priced."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from billhead.actions.catalogue._regions import not_licensed
from billhead.actions.catalogue.prices_for import Audience, PriceList, prices_for
from billhead.actions.content._pages import best_language
from billhead.actions.shops._sells import Assortment, assortment
from billhead.actions.subscriptions._sale import paid_once
from billhead.domain.money import Money, Rounding
from billhead.domain.periods import Term, by_length
from billhead.models.catalogue import Bouquet, BundlePart, Plan, PlanBouquet, Price, PriceBook
from billhead.models.devices import DeviceModel
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.web.own_words import own_word
from billhead.web.speaking import marked, speech
from billhead.web.storefront.trials import TrialsGiven
from billhead.wording import direction

__all__ = [
    "KINDS",
    "AddOn",
    "Audience",
    "Features",
    "Offer",
    "TermPrice",
    "audience_of",
    "currencies",
    "offer",
    "offers",
]

KINDS = {
    "stream": (
        marked("Apps, smart TVs and computers"),
        marked("Watch with any IPTV app: a playlist address and a login."),
    ),
    "paired": (marked("Box and apps together"), marked("Your MAG box in the living room, your phone on the way.")),
    "mag": (marked("MAG boxes"), marked("Register your box by its MAC address; nothing to type with the remote.")),
    "bundle": (marked("Everything together"), marked("Several of our plans at one price.")),
    "enigma2": (marked("Enigma2 receivers"), marked("For Dreambox, VU+ and their relatives.")),
}
"""Plans that can be ordered here, in the order in which they are shown."""

_ADDED = ("bouquet", "connection", "device")


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
        """Comparable: about how many days; 0 for what is paid once."""
        return by_length(self.term)

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
    stocked: bool = False  # a box out of our stock: whoever takes it need not bring one


@dataclass(frozen=True, slots=True)
class Features:
    """What staff have written about a plan, in the reader's language or the best that there is."""

    lines: Sequence[str] = ()
    language: str = "en"

    @property
    def dir(self) -> str:
        return direction(self.language)


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan that this audience can buy. `boxed`: it is watched on a box, whose MAC is needed. `parts`: of a bundle;
    `least` and `most`: how many units of it can be had. `once`: its trial is given once; `trial_alone`: without
    add-ons. `lasts` ("12 months") and `ends_on`: when it is over by itself."""

    plan_id: int
    code: str
    name: str
    description: str
    kind: str
    connections: int
    boxed: bool
    prices: Sequence[TermPrice]
    bouquets: Sequence[str] = ()
    parts: Sequence[str] = ()
    least: int = 1
    most: int = 1
    once: bool = False
    lasts: str = ""
    ends_on: date | None = None
    trial_alone: bool = False
    addons: Sequence[AddOn] = field(default=())
    features: Features = field(default_factory=Features)

    @property
    def cheapest(self) -> TermPrice:
        return min(self.prices, key=lambda price: price.length)

    @property
    def with_trial(self) -> TermPrice | None:
        return next((price for price in self.prices if price.trial_term), None)

    def price(self, term: str) -> TermPrice | None:
        return next((price for price in self.prices if price.term == term), None)


def audience_of(
    session: Session, seller: Seller, customer_id: int | None, currency: str, seen_in: str = ""
) -> Audience:
    """A customer's own currency, country and group; a visitor's chosen currency and the seller's country."""
    customer = session.get(Customer, customer_id) if customer_id is not None else None
    if customer is None:
        return Audience.of_visitor(seller, currency, seen_in)
    return Audience.of(customer)


def currencies(session: Session, seller: Seller) -> list[str]:
    """The currencies of the books that are open to everybody."""
    books = select(PriceBook.currency).where(
        PriceBook.seller_id == seller.id, PriceBook.price_group == "", PriceBook.reseller_id.is_(None)
    )
    found = set(session.scalars(books))
    return sorted(found, key=lambda code: (code != seller.currency, code))


def offers(session: Session, audience: Audience, *, unlisted: bool = False) -> list[Offer]:
    """Every listed plan with a price, or every plan at all, in the order of KINDS, then tier."""
    sold = select(Plan).where(*_sold(assortment(session, audience.seller_id), audience))
    plans = _licensed(session, audience, session.scalars(sold if unlisted else sold.where(Plan.listed)).all())
    prices = _prices(session, audience, plans)
    bouquets = _bouquets(session, [plan.id for plan in plans])
    found = [_offer(plan, prices[plan.id], bouquets.get(plan.id, [])) for plan in plans if prices.get(plan.id)]
    order = list(KINDS)
    tiers = {plan.id: plan.tier for plan in plans}
    return sorted(found, key=lambda one: (order.index(one.kind), tiers[one.plan_id], one.cheapest.amount.minor))


def offer(session: Session, sold: Assortment, audience: Audience, code: str) -> Offer | None:
    """One plan of what the seller sells, with its add-ons; None when it is not sold (any more), or not to this
    audience."""
    plan = session.scalar(select(Plan).where(*_sold(sold, audience), Plan.code == code))
    if plan is None or not _licensed(session, audience, [plan]):
        return None
    prices = _prices(session, audience, [plan]).get(plan.id)
    if not prices:
        return None
    bouquets = _bouquets(session, [plan.id]).get(plan.id, [])
    terms = [price.term for price in prices]
    found = _offer(plan, prices, bouquets, _addons(session, sold, audience, plan, terms))
    found = replace(found, trial_alone=sold.seller_id != audience.seller_id)  # in a reseller's shop
    return replace(found, parts=_parts(session, plan)) if plan.kind == "bundle" else found


def _sold(sold: Assortment, audience: Audience) -> tuple[ColumnElement[bool], ...]:
    return (
        sold.holds(),
        Plan.retired.is_(False),
        Plan.kind.in_(KINDS),
        or_(Plan.season_ends_on.is_(None), Plan.season_ends_on > audience.on),
    )


def _licensed(session: Session, audience: Audience, plans: Sequence[Plan]) -> list[Plan]:
    """Without what may not be sold where they live, or where a visitor seems to be."""
    refused = not_licensed(session, [plan.id for plan in plans], audience.seen_in or audience.country)
    return [plan for plan in plans if plan.id not in refused]


def _parts(session: Session, bundle: Plan) -> list[str]:
    rows = session.execute(
        select(Plan.name, BundlePart.quantity)
        .join(BundlePart, BundlePart.plan_id == Plan.id)
        .where(BundlePart.bundle_id == bundle.id)
        .order_by(Plan.kind, Plan.id)
    )
    return [f"{quantity} × {own_word(name)}" if quantity > 1 else own_word(name) for name, quantity in rows]


def _offer(plan: Plan, prices: list[TermPrice], bouquets: Sequence[str], addons: Sequence[AddOn] = ()) -> Offer:
    services = plan.details.get("services", [])
    return Offer(
        plan_id=plan.id,
        code=plan.code,
        name=own_word(plan.name),
        description=own_word(plan.description),
        kind=plan.kind,
        connections=plan.connections,
        boxed=any(service["kind"] == "mag" for service in services),
        prices=sorted(prices, key=lambda price: price.length),
        bouquets=bouquets,
        least=int(plan.details.get("min_units") or 1),
        most=int(plan.details.get("max_units") or 1),
        once=bool(plan.details.get("once_per_customer")),
        lasts=plan.fixed_term,
        ends_on=plan.season_ends_on,
        addons=addons,
        features=_features(plan),
    )


def _features(plan: Plan) -> Features:
    written = plan.details.get("features")
    if not written:
        return Features()
    language = best_language(written, speech().language)
    return Features(written[language], language)


def _addons(session: Session, sold: Assortment, audience: Audience, plan: Plan, terms: Sequence[str]) -> list[AddOn]:
    """Those that can be added to the plan, each with its price for a term; a device has one price for all of them."""
    kinds = select(Plan).where(sold.holds(), Plan.retired.is_(False), Plan.kind.in_(_ADDED))
    fitting = [addon for addon in session.scalars(kinds) if plan.code in addon.details.get("plans", [])]
    fitting = _licensed(session, audience, fitting)
    asked = prices_for(session, audience, [addon.id for addon in fitting])
    prices = _by_plan(asked)
    devices = [addon.id for addon in fitting if addon.kind == "device"]
    models = select(DeviceModel.plan_id).where(DeviceModel.plan_id.in_(devices))
    stocked = set(session.scalars(models)) if devices else set()
    found = []
    for addon in fitting:
        once = asked.get((addon.id, ""))
        if paid_once(addon) and once is not None:
            price = _term_price(once.price, audience.currency, once.tax_inclusive)
            by_term = dict.fromkeys(terms, price)
        else:
            by_term = {price.term: price for price in prices.get(addon.id, [])}
        if by_term:
            most = int(addon.details.get("max_units") or 1)
            found.append(
                AddOn(addon.id, addon.code, own_word(addon.name), addon.kind, most, by_term, addon.id in stocked)
            )
    return sorted(found, key=lambda addon: (addon.kind, addon.name))


def _prices(session: Session, audience: Audience, plans: Sequence[Plan]) -> dict[int, list[TermPrice]]:
    """Per plan, one price a term; with a trial only where an order would be given it."""
    found = _by_plan(prices_for(session, audience, [plan.id for plan in plans]))
    if not any(one.trial_term for each in found.values() for one in each):
        return found
    given = TrialsGiven(session, audience)
    for plan in plans:
        each = found.get(plan.id, [])
        each[:] = [one if given(plan, one.term, one.trial_term) else replace(one, trial_term="") for one in each]
    return found


def _by_plan(prices: PriceList) -> dict[int, list[TermPrice]]:
    found: dict[int, list[TermPrice]] = {}
    for (plan_id, term), sold in prices.items():
        if term:
            found.setdefault(plan_id, []).append(_term_price(sold.price, prices.audience.currency, sold.tax_inclusive))
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
        found.setdefault(plan_id, []).append(own_word(name))
    return found
