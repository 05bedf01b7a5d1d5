"""The parts that a user has from a day on, for credits: as before or others, at what they cost for a term now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from billhead.actions.catalogue._regions import check_licensed
from billhead.actions.catalogue.prices_for import Audience
from billhead.actions.resellers._changed_parts import running_parts
from billhead.actions.resellers._prices import credit_prices
from billhead.actions.resellers._tree import check_may_sell
from billhead.actions.resellers._users import Paying
from billhead.actions.subscriptions._sale import LINE_KINDS, AddOnOrder, Sold, addon_of, check_units, plan_of
from billhead.actions.subscriptions._shape import refuse_other_lines
from billhead.db import Tx
from billhead.domain.errors import BillheadError, InvalidInput
from billhead.models.catalogue import Plan
from billhead.models.people import Customer, Reseller
from billhead.models.subscriptions import Service, Subscription, SubscriptionComponent

__all__ = ["ForTerm", "parts_for_terms", "wished_parts"]


def wished_parts(
    tx: Tx,
    reseller: Reseller,
    subscription: Subscription,
    plan_code: str,
    term: str,
    addons: Sequence[AddOnOrder] | None,
    on: date,
    *,
    whole_term: bool,
) -> tuple[Sold, ...]:
    """The plan first. An empty `plan_code` and no `addons`: what runs on that day. `whole_term`: a term of it is
    bought, not the rest of one. Raises NotFound or InvalidInput for what is not sold so."""
    customer = tx.session.get_one(Customer, subscription.customer_id)
    now = running_parts(tx, subscription, on)
    base = tx.session.get_one(Plan, subscription.plan_id)
    plan = plan_of(tx.session, customer, plan_code) if plan_code and plan_code != base.code else base
    if plan.id != base.id:
        check_licensed(tx.session, customer.country, [plan])
        check_may_sell(tx.session, reseller, plan.code)
        if plan.kind not in LINE_KINDS:
            raise InvalidInput("plan", f"{plan.name} is not a subscription")
    refuse_other_lines(tx, subscription, plan)
    had = [row for row in now if row.kind != "plan"]
    codes = dict(tx.session.execute(select(Plan.id, Plan.code).where(Plan.id.in_([row.plan_id for row in had]))).all())
    kept = tuple(AddOnOrder(codes[row.plan_id], row.quantity) for row in had)
    orders = kept if addons is None else tuple(one for one in addons if one.quantity)
    wanted = [plan_of(tx.session, customer, one.code) for one in orders]
    check_licensed(tx.session, customer.country, [one for one in wanted if one.id not in codes], "addons")
    prices = credit_prices(tx.session, reseller, customer, {plan.id, *(one.id for one in wanted)})
    quantity = next((row.quantity for row in now if row.kind == "plan"), 1)
    check_units(plan, quantity)
    first = Sold(plan, prices.of(plan, term), quantity)
    added = [
        # a new term is bought with the bouquets that there are then
        addon_of(tx.session, plan, term, addon, one, prices, running=not whole_term and addon.id not in codes)
        for addon, one in zip(wanted, orders, strict=True)
    ]
    if any(not one.price.term for one in added):
        raise InvalidInput("addons", "a box is bought with a new order")
    return (first, *added)


@dataclass(frozen=True, slots=True)
class ForTerm:
    """Who is renewed from that day on for a term that it has not; its `lines` as `live_lines` has them."""

    paying: Paying
    term: str
    on: date
    lines: Sequence[Service]


def parts_for_terms(tx: Tx, wanted: Mapping[int, ForTerm]) -> dict[int, tuple[Sold, ...] | BillheadError]:
    """What each then has for a whole term, by subscription, or why it can't be had: asked once for all who have the
    same, on the same panels, at the same prices."""
    rows = tx.session.scalars(
        select(SubscriptionComponent)
        .where(SubscriptionComponent.subscription_id.in_(wanted))
        .order_by(SubscriptionComponent.id)
    )
    parts: dict[int, list[tuple[str, int, int]]] = {key: [] for key in wanted}
    for row in rows:
        on = wanted[row.subscription_id].on
        if row.starts_on <= on and (row.ends_on is None or row.ends_on > on):
            parts[row.subscription_id].append((row.kind, row.plan_id, row.quantity))
    known: dict[tuple[object, ...], tuple[Sold, ...] | BillheadError] = {}
    found = {}
    for key, one in wanted.items():
        subscription, reseller, customer = one.paying
        devices = tuple((line.kind, line.panel_id) for line in one.lines)
        same = reseller.id, Audience.of(customer), subscription.plan_id, one.term, tuple(parts[key]), devices
        if same not in known:
            try:
                known[same] = wished_parts(tx, reseller, subscription, "", one.term, None, one.on, whole_term=True)
            except BillheadError as error:
                known[same] = error
        found[key] = known[same]
    return found
