"""Sellers, plans and prices as rating needs them, read once and kept for the length of a run.

Prices are never edited (a new version is a new row), and a version that existing subscriptions will pay lies in the
future when it is added. It can be taken back until then, also while a run goes on: `write` looks before it writes.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from billhead.actions.billing._coupons import CouponTerms
from billhead.actions.billing._rated import PartyFacts
from billhead.actions.rates._lookup import Pair
from billhead.actions.usage._shapes import Metered
from billhead.domain.errors import NotFound
from billhead.domain.numbering import fiscal_year
from billhead.domain.usage import terms_from
from billhead.models.catalogue import Plan, Price, PriceBook
from billhead.models.entitlements import Entitlement
from billhead.models.sellers import Seller, TaxRegistration
from billhead.models.shops import Shop
from billhead.models.usage import UsageMetric, UsagePrice
from billhead.plugin.tax import TaxedSeller

__all__ = ["Catalogue", "PlanTerms", "PriceTerms", "SellerTerms"]


_NOT_SAID = frozenset({"accent", "attach", "einvoice"})


class SellerTerms(NamedTuple):
    party: PartyFacts
    zone: str
    tax_engine: str
    tax_rounding: str
    fiscal_year_start_month: int
    terms_days: int
    lead_days: int
    grace_hours: int
    taxed: TaxedSeller
    currency: str
    draft_days: int = 0
    drafts: str = ""  # why the run's invoices are drafts first: grace | review
    number_on: str = "finalisation"
    number_proformas: bool = False
    is_shop: bool = False  # a reseller's: what it sells is supplied from credits

    def offers(self, collection: str, timing: str) -> bool:
        """Whether a renewal is a proforma first: by hand, or where numbers are given to what is paid."""
        return collection == "manual" or (self.number_on == "payment" and timing == "advance")

    def fiscal_year(self, day: date) -> int:
        return fiscal_year(day, self.fiscal_year_start_month)


class PlanTerms(NamedTuple):
    name: str
    code: str
    tax_class: str
    proration: str
    lead_days: Mapping[str, int] = {}
    renewal_from: str = "later"

    def lead(self, term: str, otherwise: int) -> int:
        """How many days before a period of this term begins it is billed."""
        return self.lead_days.get(term, self.lead_days.get("", otherwise)) if self.lead_days else otherwise


class PriceTerms(NamedTuple):
    currency: str
    tax_inclusive: bool
    term: str
    amount_minor: int
    setup_minor: int
    trial_term: str
    trial_minor: int


class Catalogue:
    """What has been read so far; `need` reads what is missing."""

    def __init__(self) -> None:
        self.sellers: dict[int, SellerTerms] = {}
        self.plans: dict[int, PlanTerms] = {}
        self.prices: dict[int, PriceTerms] = {}
        self.coupons: CouponTerms = {}
        self._read: set[int] = set()  # prices whose later versions are known
        self._steps: dict[int, list[tuple[date, int]]] = {}  # of a price: from when on which later version holds
        self.rates: dict[tuple[date, Pair], str | None] = {}
        self.usage: dict[int, tuple[Metered, ...]] = {}  # what a price says of metered use
        self._unmetered: set[int] = set()
        self._charges_wait: bool | None = None
        self.metered: set[int] = set()  # prices that do, or of which a later version does

    def need(
        self, session: Session, *, sellers: Iterable[int] = (), plans: Iterable[int] = (), prices: Iterable[int] = ()
    ) -> None:
        """Make sure that these are there; at most one query per kind, none when they are. Raises NotFound."""
        if missing := set(sellers) - self.sellers.keys():
            self._read_sellers(session, missing)
            _require(missing, self.sellers, "seller")
        if missing := set(plans) - self.plans.keys():
            columns = (Plan.id, Plan.name, Plan.code, Plan.tax_class, Plan.proration, Plan.lead_days, Plan.renewal_from)
            rows = select(*columns).where(Plan.id.in_(missing))
            self.plans.update({plan_id: PlanTerms._make(rest) for plan_id, *rest in session.execute(rows)})
            _require(missing, self.plans, "plan")
        if missing := set(prices) - self._read:
            self._read_prices(session, missing)
            _require(missing, self.prices, "price")
            self._read |= missing
            self._read_usage(session)

    def price_at(self, price_id: int, period_start: date) -> int:
        """Which price somebody pays who bought at `price_id`, for a period that starts then: its own, or the later
        version of it that has come to hold for existing subscriptions by that day."""
        steps = self._steps.get(price_id)
        if steps:
            for existing_from, version_id in reversed(steps):
                if existing_from <= period_start:
                    return version_id
        return price_id

    def later_versions(self) -> set[int]:
        """Prices that somebody pays who has bought at an older one."""
        return {version_id for steps in self._steps.values() for _, version_id in steps}

    def forget_versions(self) -> None:
        """One of them was taken back: which hold is read anew."""
        self._steps.clear()
        self._read.clear()

    def metered_at(self, price_id: int, day: date) -> tuple[int, tuple[Metered, ...]]:
        """The price that holds for a period of usage that starts then, and what it says of each metric."""
        price_id = self.price_at(price_id, day)
        return price_id, self.usage.get(price_id, ())

    def taxed_as(self, plan_id: int, price_id: int) -> tuple[str, bool]:
        """The tax class of what the plan sells, and whether the price has the tax in it."""
        return self.plans[plan_id].tax_class, self.prices[price_id].tax_inclusive

    def charges_wait(self, session: Session) -> bool:
        """Whether anybody has bought something that waits for the next invoice: looked up once."""
        if self._charges_wait is None:
            waits = select(Entitlement.id).where(Entitlement.waits_until.is_not(None)).limit(1)
            self._charges_wait = session.scalar(waits) is not None
        return self._charges_wait

    def proration_of(self, plan_id: int) -> str:
        return self.plans[plan_id].proration

    def _read_usage(self, session: Session) -> None:
        """Of every price that is known; most operators meter nothing, and for them it is one short look."""
        missing = self.prices.keys() - self.usage.keys() - self._unmetered
        if not missing:
            return
        columns = (UsageMetric.id, UsageMetric.code, UsageMetric.name, UsageMetric.unit, UsageMetric.aggregation,
                   UsageMetric.decimals)  # fmt: skip
        rows = (
            select(UsagePrice.price_id, UsagePrice.terms, *columns)
            .join(UsageMetric, UsageMetric.id == UsagePrice.metric_id)
            .where(UsagePrice.price_id.in_(missing))
            .order_by(UsagePrice.id)
        )
        for price_id, terms, *metric in session.execute(rows):
            metered = Metered._make((*metric, terms_from(terms)))
            self.usage[price_id] = (*self.usage.get(price_id, ()), metered)
        self._unmetered |= missing - self.usage.keys()
        self.metered |= self.usage.keys()
        self.metered |= {sold for sold, steps in self._steps.items() if any(later in self.usage for _, later in steps)}

    def _read_sellers(self, session: Session, ids: set[int]) -> None:
        registrations: dict[int, set[tuple[str, str]]] = {}
        taxed = select(TaxRegistration).where(TaxRegistration.seller_id.in_(ids))
        for row in session.scalars(taxed):
            registrations.setdefault(row.seller_id, set()).add((row.jurisdiction, row.scheme))
        is_shop = exists().where(Shop.seller_id == Seller.id)
        for seller, of_reseller in session.execute(select(Seller, is_shop).where(Seller.id.in_(ids))):
            address = json.dumps(seller.address, sort_keys=True)
            self.sellers[seller.id] = SellerTerms(
                PartyFacts(
                    seller.legal_name,
                    seller.name,
                    seller.mail_from,
                    address,
                    seller.country,
                    "",
                    seller.vat_id,
                    "",
                    _frozen(seller.invoicing),
                ),
                seller.zone,
                seller.tax_engine,
                seller.tax_rounding,
                seller.fiscal_year_start_month,
                seller.terms_days,
                seller.lead_days,
                seller.grace_hours,
                TaxedSeller(seller.country, seller.vat_id, frozenset(registrations.get(seller.id, ()))),
                seller.currency,
                seller.draft_days,
                "review" if seller.hold_for_review else "grace" if seller.draft_days else "",
                seller.number_on,
                seller.number_proformas,
                of_reseller,
            )

    def _read_prices(self, session: Session, ids: set[int]) -> None:
        """The prices, and the later versions of them that existing subscriptions come to pay."""
        sold = aliased(Price)
        same = and_(Price.book_id == sold.book_id, Price.plan_id == sold.plan_id, Price.term == sold.term)
        comes = and_(Price.version > sold.version, Price.existing_from.is_not(None), Price.withdrawn_on.is_(None))
        rows = (
            select(
                sold.id,
                Price.id,
                Price.existing_from,
                PriceBook.currency,
                PriceBook.tax_inclusive,
                Price.term,
                Price.amount_minor,
                Price.setup_minor,
                Price.trial_term,
                Price.trial_minor,
            )
            .join(Price, and_(same, or_(Price.id == sold.id, comes)))
            .join(PriceBook, PriceBook.id == Price.book_id)
            .where(sold.id.in_(ids))
            .order_by(sold.id, Price.existing_from, Price.version)
        )
        for sold_id, price_id, existing_from, *terms in session.execute(rows):
            self.prices.setdefault(price_id, PriceTerms._make(terms))
            if price_id != sold_id and existing_from is not None:
                self._steps.setdefault(sold_id, []).append((existing_from, price_id))


def _require(wanted: set[int], found: Mapping[int, object], what: str) -> None:
    for key in wanted:
        if key not in found:
            raise NotFound(what, key)


def _frozen(invoicing: Mapping[str, object]) -> str:
    """What a seller says on its documents; how they look and are sent is no part of them."""
    return json.dumps({name: told for name, told in invoicing.items() if name not in _NOT_SAID}, sort_keys=True)
