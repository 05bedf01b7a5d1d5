"""What a reseller may sell, and for how many credits: plans with their terms, trials, and what can be added."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.catalogue._change_rules import codes_to_try
from billhead.actions.catalogue._regions import not_licensed
from billhead.actions.catalogue.prices_for import Audience, PriceList, prices_for
from billhead.actions.resellers._rights import effective_rights
from billhead.actions.subscriptions._sale import LINE_KINDS
from billhead.domain.periods import by_length
from billhead.models.catalogue import Plan
from billhead.models.people import Customer, Reseller

__all__ = ["AddOn", "Offer", "addons_for", "changes_for", "offers_for"]

_ADDONS = ("bouquet", "connection")


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan for a term. Hundredths of a credit; `trial_minor` None: no trial. `kinds` of its lines, as they come;
    `box`: its MAC is asked for."""

    code: str
    name: str
    term: str
    minor: int
    trial_term: str
    trial_minor: int | None
    kinds: tuple[str, ...]

    @property
    def value(self) -> str:
        """As forms send it."""
        return f"{self.code}|{self.term}"

    @property
    def box(self) -> bool:
        return any(kind != "stream" for kind in self.kinds)


@dataclass(frozen=True, slots=True)
class AddOn:
    """`prices`: term → hundredths of a credit. `plans`: the codes of the plans that it can be added to."""

    code: str
    name: str
    most: int
    plans: tuple[str, ...]
    prices: dict[str, int]


def offers_for(
    session: Session, reseller: Reseller, own: Customer, country: str | None = None, had: Collection[str] = ()
) -> list[Offer]:
    """All that its rights and its price list have, a plan's terms together, the cheapest first. With the `country` of
    a subscriber only what is licensed there, and the plan that they have already."""
    sells = effective_rights(session, reseller.id).sells
    plans = _plans(session, reseller, Plan.code.in_(sells), Plan.kind.in_(LINE_KINDS))
    plans = _licensed(session, plans, country, had)
    found = []
    for (plan_id, term), sold in _prices(session, reseller, own, plans).items():
        price, plan = sold.price, plans[plan_id]
        if term and price.credit_minor is not None:
            trial = price.trial_credit_minor if price.trial_term else None
            kinds = tuple(str(line["kind"]) for line in plan.details.get("services", ()))
            found.append(Offer(plan.code, plan.name, term, price.credit_minor, price.trial_term, trial, kinds))
    cheapest = {one.code: min(o.minor for o in found if o.code == one.code) for one in found}
    return sorted(found, key=lambda one: (cheapest[one.code], one.code, one.minor))


def changes_for(
    session: Session, reseller: Reseller, own: Customer, country: str, now: Collection[str], kinds: tuple[str, ...]
) -> list[Offer]:
    """What a user who has the plans `now` may be changed to: the lines stay what they are, and nobody changes to a plan
    to try."""
    tried = codes_to_try(session, reseller.seller_id) - set(now)
    offers = offers_for(session, reseller, own, country, now)
    return [one for one in offers if one.kinds == kinds and one.code not in tried]


def addons_for(
    session: Session,
    reseller: Reseller,
    own: Customer,
    codes: Iterable[str],
    country: str | None = None,
    had: Collection[str] = (),
) -> list[AddOn]:
    """Bouquets and connections that fit one of these plans and have a price in credits; `country` and `had` as for
    offers."""
    wanted = set(codes)
    plans = _licensed(session, _plans(session, reseller, Plan.kind.in_(_ADDONS)), country, had)
    fitting = {key: plan for key, plan in plans.items() if wanted & set(plan.details.get("plans", ()))}
    prices: dict[int, dict[str, int]] = {}
    for (plan_id, term), sold in _prices(session, reseller, own, fitting).items():
        if term and sold.price.credit_minor is not None:
            prices.setdefault(plan_id, {})[term] = sold.price.credit_minor
    found = [
        AddOn(
            plan.code,
            plan.name,
            int(plan.details.get("max_units") or 1),
            tuple(code for code in plan.details["plans"] if code in wanted),
            dict(sorted(prices[key].items(), key=lambda priced: by_length(priced[0]))),
        )
        for key, plan in fitting.items()
        if key in prices
    ]
    return sorted(found, key=lambda one: one.name)


def _plans(session: Session, reseller: Reseller, *conditions: ColumnElement[bool]) -> dict[int, Plan]:
    query = select(Plan).where(Plan.seller_id == reseller.seller_id, Plan.retired.is_(False), *conditions)
    return {plan.id: plan for plan in session.scalars(query)}


def _licensed(session: Session, plans: dict[int, Plan], country: str | None, had: Collection[str]) -> dict[int, Plan]:
    if country is None:
        return plans
    refused = not_licensed(session, list(plans), country)
    return {key: plan for key, plan in plans.items() if key not in refused or plan.code in had}


def _prices(session: Session, reseller: Reseller, own: Customer, plans: dict[int, Plan]) -> PriceList:
    """As for a subscriber who lives where the reseller lives: that is what new ones are sold by."""
    today = clock.today_in(own.zone)
    audience = Audience(reseller.seller_id, own.currency, own.country, today, reseller.tier, reseller.id)
    keys: Sequence[int] = list(plans)
    return prices_for(session, audience, keys, in_credits=True)
