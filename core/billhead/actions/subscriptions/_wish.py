"""What somebody wants to have from a subscription, resolved against the price list."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from sqlalchemy import or_, select

from billhead.actions.billing._calendars import calendar_of
from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.billing._difference import History
from billhead.actions.catalogue._change_rules import when_allowed
from billhead.actions.catalogue._regions import check_licensed
from billhead.actions.catalogue.prices_for import Audience, PriceList, prices_for
from billhead.actions.subscriptions._sale import AddOnOrder, addon_of, check_sold, check_units, plan_of
from billhead.actions.subscriptions._shape import refuse_other_lines
from billhead.actions.subscriptions._steps import Wanted
from billhead.db import Tx
from billhead.domain.changes import Offering, When
from billhead.domain.errors import InvalidInput
from billhead.domain.money import Money
from billhead.domain.periods import Term
from billhead.models.catalogue import Plan
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription, SubscriptionComponent

__all__ = ["ChangeWish", "Resolved", "resolved"]


@dataclass(frozen=True, slots=True)
class ChangeWish:
    """Empty fields keep what is there; `addons` replaces all add-ons, `()` drops them.

    `when`: "" as the rules have it, or immediate, end_of_term (staff may choose). `on`: the day from which it counts,
    also one that has passed; staff only. `restart`: a whole period begins on the day, and the next ones after it.
    `quantity`: how often the plan is had, where it is sold by the unit; None keeps what there is.
    """

    subscription_id: int
    plan: str = ""
    term: str = ""
    addons: tuple[AddOnOrder, ...] | None = None
    when: str = ""
    on: date | None = None
    restart: bool = False
    quantity: int | None = None


class Resolved(NamedTuple):
    plan: Plan
    term: str
    parts: tuple[Wanted, ...]
    when: When


def resolved(tx: Tx, subscription: Subscription, history: History, wish: ChangeWish, today: date) -> Resolved:
    """The parts that the wish means, and when the rules allow the change.

    What is kept keeps its price, and so does what is left of it. Raises NotFound (plan, term or add-on that this
    customer can't buy) and InvalidInput (not sold in the customer's country, for what is new; not so often).
    """
    session = tx.session
    customer = session.get_one(Customer, subscription.customer_id)
    now = _components(tx, subscription, today)
    base = next((one for one in now if one.kind == "plan"), None)
    if base is None:
        raise InvalidInput("subscription", "it has no plan today that could be changed")
    old = session.get_one(Plan, base.plan_id)
    plan = plan_of(session, customer, wish.plan) if wish.plan and wish.plan != old.code else old
    term = str(Term.parse(wish.term)) if wish.term else subscription.term
    units = base.quantity if wish.quantity is None else wish.quantity
    if plan is not old or units != base.quantity:
        check_units(plan, units)
    if plan is not old or units > base.quantity:
        check_sold(session, customer, [plan])
        check_licensed(session, customer.country, [plan])
    kept = plan is old and term == subscription.term
    prices = prices_for(session, Audience.of(customer))
    price_id = base.price_id if kept and units <= base.quantity else prices.of(plan, term).id
    parts = [Wanted(plan.id, price_id, units, "plan")]
    for order in _addons(tx, wish, now):
        one = _kept(tx, order, now) if kept else None
        parts.append(one or _new(tx, customer, plan, term, order, prices, now))
    if plan is not old:
        refuse_other_lines(tx, subscription, plan)
    return Resolved(plan, term, tuple(parts), _when(tx, history, subscription, old, plan, term, parts))


def _components(tx: Tx, subscription: Subscription, today: date) -> list[SubscriptionComponent]:
    component = SubscriptionComponent
    return list(
        tx.session.scalars(
            select(component)
            .where(component.subscription_id == subscription.id, component.starts_on <= today)
            .where(or_(component.ends_on.is_(None), component.ends_on > today))
            .order_by(component.id)
        )
    )


def _addons(tx: Tx, wish: ChangeWish, now: list[SubscriptionComponent]) -> tuple[AddOnOrder, ...]:
    if wish.addons is not None:
        return wish.addons
    had = [one for one in now if one.kind != "plan"]  # what was paid once is over since its day
    return tuple(AddOnOrder(tx.session.get_one(Plan, one.plan_id).code, one.quantity) for one in had)


def _kept(tx: Tx, order: AddOnOrder, now: list[SubscriptionComponent]) -> Wanted | None:
    """As many as there are, or fewer: at the price that they are had for."""
    enough = [one for one in now if one.kind != "plan" and one.quantity >= order.quantity]
    for one in sorted(enough, key=lambda one: one.quantity):
        addon = tx.session.get_one(Plan, one.plan_id)
        if addon.code == order.code:
            if one.quantity > order.quantity:
                check_units(addon, order.quantity, "addons")
            return Wanted(one.plan_id, one.price_id, order.quantity, one.kind)
    return None


def _new(
    tx: Tx,
    customer: Customer,
    plan: Plan,
    term: str,
    order: AddOnOrder,
    prices: PriceList,
    now: list[SubscriptionComponent],
) -> Wanted:
    addon = plan_of(tx.session, customer, order.code)
    new = addon.id not in {one.plan_id for one in now}
    if new:
        check_sold(tx.session, customer, [addon])
        check_licensed(tx.session, customer.country, [addon], "addons")
    sold = addon_of(tx.session, plan, term, addon, order, prices, running=new)
    kind = "connection" if sold.plan.kind == "connection" else "addon"
    return Wanted(sold.plan.id, sold.price.id, sold.quantity, kind)


def _when(
    tx: Tx, history: History, subscription: Subscription, old: Plan, new: Plan, term: str, parts: list[Wanted]
) -> When:
    """The whole subscription is compared: another screen costs more a day, so it comes at once."""
    had = [
        (part.price_id, part.quantity)
        for part in history.item.parts
        if (part.starts_on or date.min) <= history.item.target and (part.ends_on or date.max) > history.item.target
    ]
    first = calendar_of(tx.session, subscription).cycle_at(history.item.target).start
    before = _amount(tx, had, first, subscription.currency)
    after = _amount(tx, [(part.price_id, part.quantity) for part in parts], first, subscription.currency)
    return when_allowed(
        tx.session,
        Offering(old.id, old.family, old.tier, Term.parse(subscription.term), before),
        Offering(new.id, new.family if new is not old else old.family, new.tier, Term.parse(term), after),
    )


def _amount(tx: Tx, parts: list[tuple[int, int]], first: date, currency: str) -> Money:
    """What they cost in the cycle that begins then, by the versions of their prices that have come to hold."""
    catalogue = Catalogue()
    catalogue.need(tx.session, prices={price_id for price_id, _ in parts})
    paid = [
        catalogue.prices[catalogue.price_at(price_id, first)].amount_minor * quantity for price_id, quantity in parts
    ]
    return Money(sum(paid), currency)
