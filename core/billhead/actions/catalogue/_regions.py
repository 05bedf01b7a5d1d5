"""Licence regions: a plan may be sold where it, the bouquets that it brings and the parts of a bundle all may be.

The country is the one in the customer's own address, by which tax is charged too. What somebody has already is not
touched: who moves keeps it and renews it, and can't add what is not sold there.
"""

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import BindParameter, bindparam, literal, select, union_all
from sqlalchemy.orm import Session

from billhead.domain.countries import known_country
from billhead.domain.errors import InvalidInput
from billhead.domain.regions import RULES, Regions
from billhead.models.catalogue import Bouquet, BundlePart, Plan, PlanBouquet

__all__ = ["check_licensed", "checked_regions", "not_licensed"]


_PLANS: BindParameter[Any] = bindparam("plans", expanding=True)
_LIMITS = union_all(
    select(literal(1).label("place"), Plan.id.label("plan_id"), Plan.name, Plan.country_rule, Plan.countries).where(
        Plan.id.in_(_PLANS), Plan.country_rule != ""
    ),
    select(literal(2), BundlePart.bundle_id, Plan.name, Plan.country_rule, Plan.countries)
    .join(Plan, Plan.id == BundlePart.plan_id)
    .where(BundlePart.bundle_id.in_(_PLANS), Plan.country_rule != ""),
    select(literal(3), PlanBouquet.plan_id, Bouquet.name, Bouquet.country_rule, Bouquet.countries)
    .join(Bouquet, Bouquet.id == PlanBouquet.bouquet_id)
    .where(PlanBouquet.plan_id.in_(_PLANS), Bouquet.country_rule != ""),
).order_by("place")
"""What limits a plan: its own rule, then its parts', then its bouquets'."""


def not_licensed(session: Session, plans: Collection[int], country: str) -> dict[int, str]:
    """Those of the plans that may not be sold in the country, each with why."""
    found: dict[int, str] = {}
    for _, plan_id, name, rule, countries in session.execute(_LIMITS, {"plans": list(plans)}) if plans else ():
        regions = Regions.of(rule, countries)
        if plan_id not in found and not regions.allow(country):
            found[plan_id] = _why(name, regions, country)
    return found


def _why(name: str, regions: Regions, country: str) -> str:
    if not country:
        return f"{name} is licensed in some countries alone, and no country is known here"
    if regions.rule == "except":
        return f"{name} is not licensed in {country}"
    return f"{name} is licensed only in {', '.join(regions.countries)}, and not in {country}"


def check_licensed(session: Session, country: str, plans: Collection[Plan], field: str = "plan") -> None:
    """Raises InvalidInput(field, …) for the first of them that may not be sold in the customer's country."""
    refused = not_licensed(session, [plan.id for plan in plans], country)
    if refused:
        why = next(refused[plan.id] for plan in plans if plan.id in refused)
        raise InvalidInput(field, why, code="not_licensed")


def checked_regions(rule: str, countries: Iterable[str]) -> Regions:
    """As entered, in any case. Raises InvalidInput("country_rule" or "countries")."""
    given = {one.strip().upper() for one in countries}
    if rule not in RULES:
        raise InvalidInput("country_rule", f"{rule!r} is not one of only, except")
    if rule and not given:
        raise InvalidInput("countries", "say which countries")
    if given and not rule:
        raise InvalidInput("country_rule", "say whether it is sold only in these countries, or everywhere but there")
    return Regions.of(rule, [known_country("countries", one) for one in sorted(given)])
