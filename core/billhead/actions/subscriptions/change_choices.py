"""What a subscription may be changed to: plans and terms that its lines can carry, and add-ons with how many."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.billing._calendars import calendar_of
from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.catalogue._change_rules import is_to_try, when_allowed
from billhead.actions.catalogue._regions import not_licensed
from billhead.actions.catalogue.prices_for import Audience, PriceList, prices_for
from billhead.actions.shops._sells import assortment
from billhead.actions.subscriptions._shape import on_panels
from billhead.domain.changes import Offering, When
from billhead.domain.money import Money
from billhead.domain.periods import Term
from billhead.models.catalogue import Plan
from billhead.models.panels import Panel
from billhead.models.people import Customer
from billhead.models.subscriptions import Service, Subscription, SubscriptionComponent

__all__ = ["AddOnChoice", "Choices", "PlanChoice", "change_choices"]

_ADDONS = ("bouquet", "connection")

Lines = Sequence[tuple[str, Panel]]
"""(kind, panel) of each line."""


@dataclass(frozen=True, slots=True)
class PlanChoice:
    """`when` by the operator's rules, for the plan without add-ons. It is sold from `least` to `most` times."""

    code: str
    name: str
    term: str
    amount: Money
    when: When
    current: bool
    least: int = 1
    most: int = 1


@dataclass(frozen=True, slots=True)
class AddOnChoice:
    """`plans`: the codes of the plans that it can be added to; `had`: how many there are now."""

    code: str
    name: str
    most: int
    had: int
    plans: tuple[str, ...]
    prices: tuple[tuple[str, Money], ...]


@dataclass(frozen=True, slots=True)
class Choices:
    """`units`: how often the plan is had now."""

    plans: tuple[PlanChoice, ...]
    addons: tuple[AddOnChoice, ...]
    units: int = 1

    @property
    def by_unit(self) -> bool:
        return self.units > 1 or any(one.most > 1 for one in self.plans)


def change_choices(session: Session, subscription_id: int, *, all_plans: bool = False) -> Choices:
    """What can be chosen, cheapest first. `all_plans`: also what is not listed in the shop, or forbidden (for
    staff), but no plan to try.

    The caller has checked that whoever asks may see the subscription.
    """
    subscription = session.get_one(Subscription, subscription_id)
    customer = session.get_one(Customer, subscription.customer_id)
    prices = prices_for(session, Audience.of(customer))
    base, had = _now(session, subscription)
    sold = assortment(session, subscription.seller_id)
    plans = session.scalars(select(Plan).where(or_(sold.holds(), Plan.id.in_([base.plan_id, *had])))).all()
    refused = not_licensed(session, [plan.id for plan in plans], customer.country)
    plans = [plan for plan in plans if plan.id not in refused or plan.id == base.plan_id or plan.id in had]
    lines = _lines(session, subscription)
    fitting = [plan for plan in plans if plan.id == base.plan_id or _fits(plan, lines, all_plans)]
    found = [choice for plan in fitting for choice in _terms(session, subscription, base, plan, prices)]
    tried = {plan.code for plan in fitting if is_to_try(session, plan)}
    staff_may = {plan.code for plan in fitting if all_plans} - tried
    shown = [one for one in found if one.code in staff_may or one.current or one.when is not When.FORBIDDEN]
    addons = [plan for plan in plans if plan.kind in _ADDONS and not plan.retired]
    choices = [_addon(plan, had.get(plan.id, 0), prices) for plan in addons if plan.details.get("plans")]
    return Choices(
        tuple(sorted(shown, key=lambda one: (not one.current, one.amount.minor))),
        tuple(one for one in choices if one.had or one.prices),
        base.quantity,
    )


def _now(session: Session, subscription: Subscription) -> tuple[SubscriptionComponent, dict[int, int]]:
    """The base of today, and how many of each add-on."""
    component, today = SubscriptionComponent, clock.today_in(subscription.zone)
    rows = session.scalars(
        select(component)
        .where(component.subscription_id == subscription.id, component.starts_on <= today)
        .where(or_(component.ends_on.is_(None), component.ends_on > today))
        .order_by(component.id)
    ).all()
    base = next(row for row in rows if row.kind == "plan")
    return base, {row.plan_id: row.quantity for row in rows if row.kind != "plan"}


def _lines(session: Session, subscription: Subscription) -> Lines:
    """What it has on panels, in the order of its plan."""
    lines = (
        select(Service.kind, Panel)
        .join(Panel, Panel.id == Service.panel_id)
        .where(Service.subscription_id == subscription.id, Service.lifecycle == "wanted")
        .order_by(Service.id)
    )
    return [(kind, panel) for kind, panel in session.execute(lines)]


def _fits(plan: Plan, lines: Lines, all_plans: bool) -> bool:
    if plan.retired or (not plan.listed and not all_plans) or plan.kind in _ADDONS:
        return False
    templates: list[dict[str, Any]] = plan.details.get("services", [])
    same = bool(templates) and [template["kind"] for template in templates] == [kind for kind, _ in lines]
    return same and on_panels([panel for _, panel in lines], plan)


def _terms(
    session: Session, subscription: Subscription, base: SubscriptionComponent, plan: Plan, prices: PriceList
) -> Sequence[PlanChoice]:
    currency, old = subscription.currency, session.get_one(Plan, base.plan_id)
    paid = _paid(session, subscription, base)
    before = Offering(old.id, old.family, old.tier, Term.parse(subscription.term), Money(paid, currency))
    found = []
    for (plan_id, term), sold in prices.items():
        if plan_id != plan.id or not term:
            continue
        current = plan.id == old.id and term == subscription.term
        amount = Money(paid if current else sold.price.amount_minor, currency)
        after = Offering(plan.id, plan.family, plan.tier, Term.parse(term), amount)
        when = when_allowed(session, before, after)
        found.append(PlanChoice(plan.code, plan.name, term, amount, when, current, *_units(plan)))
    if plan.id == old.id and not any(one.current for one in found):
        now = Money(paid, currency)
        found.append(PlanChoice(plan.code, plan.name, subscription.term, now, When.IMMEDIATE, True, *_units(plan)))
    return found


def _paid(session: Session, subscription: Subscription, base: SubscriptionComponent) -> int:
    """What one of the plan costs in the cycle that runs: perhaps a later version of its price holds by now."""
    catalogue = Catalogue()
    catalogue.need(session, prices={base.price_id})
    first = calendar_of(session, subscription).cycle_at(clock.today_in(subscription.zone)).start
    return catalogue.prices[catalogue.price_at(base.price_id, first)].amount_minor


def _units(plan: Plan) -> tuple[int, int]:
    least = int(plan.details.get("min_units") or 1)
    return least, max(int(plan.details.get("max_units") or 1), least)


def _addon(plan: Plan, had: int, prices: PriceList) -> AddOnChoice:
    most = int(plan.details.get("max_units") or 1)
    offered = tuple(
        (term, Money(sold.price.amount_minor, prices.audience.currency))
        for (plan_id, term), sold in prices.items()
        if plan_id == plan.id and term
    )
    return AddOnChoice(plan.code, plan.name, max(most, had), had, tuple(plan.details["plans"]), offered)
