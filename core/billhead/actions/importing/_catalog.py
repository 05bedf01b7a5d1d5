"""What an operator's catalogue file says, as values: read by `catalog_file`, consulted while subscribers are read.

Nothing here knows the database. Prices are per currency; an `Offer` is one plan for one term, the thing that a
customer has and that an import file names: `basic-mag-12m`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from billhead.domain.dunning import Stage
from billhead.domain.money import Money
from billhead.domain.periods import Term
from billhead.domain.regions import EVERYWHERE, Regions
from billhead.domain.usage import UsageTerms

Setting = str | int | bool


@dataclass(frozen=True, slots=True)
class TaxRegistration:
    jurisdiction: str
    scheme: str
    number: str


@dataclass(frozen=True, slots=True)
class Seller:
    code: str
    name: str
    legal_name: str
    address: Mapping[str, str]
    country: str
    vat_id: str
    email: str
    zone: str
    currencies: tuple[str, ...]
    base_currency: str
    language: str
    prices_include_tax: bool
    tax_engine: str  # code of a plugin's; empty: no tax is charged
    tax_rounding: str  # one of TaxRounding; empty: as it is
    tax_registrations: tuple[TaxRegistration, ...]
    theme: str


@dataclass(frozen=True, slots=True)
class Policy:
    proration: str  # one of ProrationMode
    renew_from: str  # expiry | now | later
    lead_days: int
    grace_hours: int
    invoice_due_days: int


@dataclass(frozen=True, slots=True)
class Dunning:
    retry_days: tuple[int, ...]
    stages: tuple[Stage, ...]


@dataclass(frozen=True, slots=True)
class Panel:
    code: str
    name: str
    module: str
    settings: Mapping[str, Setting]


@dataclass(frozen=True, slots=True)
class Bouquet:
    code: str
    name: str
    on: Mapping[str, str]  # panel code → what the bouquet is called there
    regions: Regions = EVERYWHERE


@dataclass(frozen=True, slots=True)
class Tier:
    code: str
    name: str
    rank: int  # from 0, the smallest


@dataclass(frozen=True, slots=True)
class TierChange:
    source: str
    target: str
    when: str  # now | end_of_term


@dataclass(frozen=True, slots=True)
class PriceTag:
    """One price: money per currency, and what a reseller pays in credits (None: resellers cannot sell it)."""

    amounts: Mapping[str, Money]
    credits: Money | None


@dataclass(frozen=True, slots=True)
class Metric:
    """What is counted; see `models.usage.UsageMetric`."""

    code: str
    name: str
    unit: str
    aggregation: str  # count | sum | max | unique
    decimals: int


@dataclass(frozen=True, slots=True)
class UsageOffer:
    """What the use of one metric costs, by currency."""

    code: str
    metric: str
    terms: Mapping[str, UsageTerms]


@dataclass(frozen=True, slots=True)
class ServiceTemplate:
    """One line or device that a plan makes on a panel."""

    kind: str  # stream | mag | enigma2
    panel: str
    panel_plan: str  # what the panel calls the plan; empty where panels have none


@dataclass(frozen=True, slots=True)
class Trial:
    term: Term
    price: PriceTag


@dataclass(frozen=True, slots=True)
class Plan:
    code: str
    name: str
    kind: str  # stream | mag | paired | enigma2
    tier: str
    tax_class: str
    services: tuple[ServiceTemplate, ...]
    bouquets: tuple[str, ...]
    connections: int
    setup_fee: str  # code of a fee, or empty
    trial: Trial | None
    once_per_customer: bool
    prices: Mapping[Term, PriceTag]
    usage: tuple[str, ...] = ()  # codes of what is metered on top
    regions: Regions = EVERYWHERE
    customers_say: Mapping[str, object] = field(default_factory=dict)  # of its details, what the file names


@dataclass(frozen=True, slots=True)
class Offer:
    code: str
    plan: Plan
    term: Term
    price: PriceTag

    @classmethod
    def of(cls, plan: Plan, term: Term, price: PriceTag) -> Offer:
        return cls(f"{plan.code}-{term.count}{term.unit[0]}", plan, term, price)


@dataclass(frozen=True, slots=True)
class AddOn:
    """Bouquets, connections sold by the unit, or more of what is metered; bouquets and connections never together."""

    code: str
    name: str
    tax_class: str
    plans: tuple[str, ...]
    bouquets: tuple[str, ...]
    connections: int  # per unit; 0 for bouquets
    max_units: int
    prices: Mapping[Term, PriceTag]
    usage: tuple[str, ...] = ()
    regions: Regions = EVERYWHERE


@dataclass(frozen=True, slots=True)
class PayPerView:
    code: str
    name: str
    tax_class: str
    bouquets: tuple[str, ...]
    starts: datetime
    ends: datetime
    on_bill: bool
    price: PriceTag
    regions: Regions = EVERYWHERE


@dataclass(frozen=True, slots=True)
class Rental:
    """What may be watched for some hours, or so many times, or both; `on_bill`: it may wait for the next invoice."""

    code: str
    name: str
    tax_class: str
    hours: int
    uses: int  # 0: as often as one likes
    unit: str  # "films"
    on_bill: bool
    price: PriceTag
    regions: Regions = EVERYWHERE


@dataclass(frozen=True, slots=True)
class Device:
    code: str
    name: str
    tax_class: str
    kind: str  # mag | enigma2
    price: PriceTag


@dataclass(frozen=True, slots=True)
class Fee:
    code: str
    name: str
    tax_class: str
    price: PriceTag


@dataclass(frozen=True, slots=True)
class ResellerPlan:
    code: str
    name: str
    role: str  # reseller | super_reseller
    tax_class: str
    price: PriceTag
    startup_credits: Money
    sells: tuple[str, ...]
    trials_per_day: int
    may_terminate: bool


@dataclass(frozen=True, slots=True)
class CreditPackage:
    code: str
    name: str
    tax_class: str
    roles: tuple[str, ...]
    value: Money
    cost: PriceTag


@dataclass(frozen=True, slots=True)
class ResellerAccount:
    code: str
    name: str
    plan: str
    parent: str  # code of the reseller above, or empty
    email: str
    country: str
    zone: str
    currency: str
    language: str


@dataclass(frozen=True, slots=True)
class Assortment:
    """Of all that is sold, what a row of subscribers can name. `sells`: by the code of a reseller, codes of plans."""

    language: str
    currencies: tuple[str, ...]
    base_currency: str
    plans: Mapping[str, Plan]
    offers: Mapping[str, Offer]
    addons: Mapping[str, AddOn]
    sells: Mapping[str, Collection[str]]

    def connection_addon(self, plan: str) -> AddOn | None:
        """The add-on that sells more connections to this plan, if there is one."""
        fitting = (addon for addon in self.addons.values() if addon.connections and plan in addon.plans)
        return next(fitting, None)


@dataclass(frozen=True, slots=True)
class Catalog:
    """The whole catalogue. Every mapping is by code and in the order of the file."""

    seller: Seller
    policy: Policy
    dunning: Dunning
    tax_classes: Mapping[str, str]
    panels: Mapping[str, Panel]
    bouquets: Mapping[str, Bouquet]
    tiers: Mapping[str, Tier]
    changes: tuple[TierChange, ...]
    plans: Mapping[str, Plan]
    offers: Mapping[str, Offer]
    addons: Mapping[str, AddOn]
    events: Mapping[str, PayPerView]
    devices: Mapping[str, Device]
    fees: Mapping[str, Fee]
    reseller_plans: Mapping[str, ResellerPlan]
    credit_packages: Mapping[str, CreditPackage]
    resellers: Mapping[str, ResellerAccount]
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    usage: Mapping[str, UsageOffer] = field(default_factory=dict)
    rentals: Mapping[str, Rental] = field(default_factory=dict)

    @property
    def assortment(self) -> Assortment:
        return Assortment(
            language=self.seller.language,
            currencies=self.seller.currencies,
            base_currency=self.seller.base_currency,
            plans=self.plans,
            offers=self.offers,
            addons=self.addons,
            sells={code: self.reseller_plans[one.plan].sells for code, one in self.resellers.items()},
        )
