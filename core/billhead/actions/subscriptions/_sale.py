"""A sale: what somebody ordered, checked against the price list, and the rows that it becomes.

However it is paid for, by a proforma (`start_subscription`) or by a reseller's credits (`resellers.add_user`), an order
is checked and written by the same code.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.billing._bridge import anchor_of_order
from billhead.actions.billing._couponed import asked_now
from billhead.actions.catalogue._carried import without_addon
from billhead.actions.catalogue._regions import check_licensed
from billhead.actions.catalogue.prices_for import Audience, PriceList, prices_for
from billhead.actions.coupons._entering import Entered, reserve
from billhead.actions.devices._reserving import keep_devices, pick_devices
from billhead.actions.fraud._trials import Marks, refuse_second_trial
from billhead.actions.resellers._tree import is_within, lock_rows
from billhead.actions.resellers._trials import check_trials_left, day_of_trials, trials_for_credits
from billhead.actions.shops._sells import ADDED, catalogue_of, check_open, payer_of
from billhead.actions.subscriptions._services import AccessWish, Placement, add_services
from billhead.actions.subscriptions._state import record
from billhead.db import Tx, reserve_ids
from billhead.domain.errors import Conflict, InvalidInput, NotAllowed, NotFound
from billhead.domain.mac import parse_mac
from billhead.domain.periods import Term, cycle_start, start_of_day
from billhead.domain.subscription import State
from billhead.models.catalogue import Plan, Price
from billhead.models.people import Customer, Reseller
from billhead.models.subscriptions import Service, Subscription, SubscriptionComponent
from billhead.plugin import OrderView
from billhead.plugin_host import plugins

__all__ = [
    "LONGEST_AHEAD", "AddOnOrder", "Order", "Sale", "Sold", "addon_of", "check_sold", "check_units", "first_day",
    "lock_shops_trials",
    "outlasts_season", "own_customer", "paid_once", "plan_of", "redeem", "sell", "worth",
]  # fmt: skip

LONGEST_AHEAD = timedelta(days=365)
LINE_KINDS = ("stream", "mag", "paired", "enigma2", "bundle")


@dataclass(frozen=True, slots=True)
class AddOnOrder:
    code: str
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class Order:
    """What the customer wants. `term` as in the price list ("1 month"); `mac` in any spelling. `quantity` is of plans
    that are sold by the unit. `device` is the mark of the browser that orders; only a digest of it is kept.
    `in_review`: its lines get no time until somebody has approved it. `starts_on`: the first day of its first period,
    of the customer's calendar, for staff; None: the day on which it is paid."""

    customer_id: int
    plan: str
    term: str
    addons: tuple[AddOnOrder, ...] = ()
    mac: str = ""
    trial: bool = False
    ip: str = ""
    device: str = field(default="", repr=False)
    coupons: tuple[str, ...] = ()
    quantity: int = 1
    in_review: bool = False
    starts_on: date | None = None


@dataclass(frozen=True, slots=True)
class Sold:
    """One part of a sale and its price: the plan first, then the add-ons."""

    plan: Plan
    price: Price
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class Sale:
    subscription: Subscription
    services: tuple[Service, ...]
    parts: tuple[Sold, ...]


def sell(tx: Tx, customer: Customer, order: Order, prices: PriceList | None = None) -> Sale:
    """Create a pending subscription, its components and its lines, which are not wanted on a panel yet. `prices`: by
    another list than the customer's own, as where a reseller pays with credits.

    Raises NotFound (plan, term or add-on that this customer can't buy), InvalidInput (MAC, quantity, coupon, a country
    in which it may not be sold), Conflict (no panel has room, the trial was had before or would outlast the season)
    or NotAllowed (a plugin's guard, with its reason).
    """
    plan = plan_of(tx.session, customer, order.plan)
    if plan.kind not in LINE_KINDS:
        raise InvalidInput("plan", f"{plan.name} is not a subscription")
    wanted = [plan_of(tx.session, customer, addon.code) for addon in order.addons]
    check_licensed(tx.session, customer.country, [plan])
    check_licensed(tx.session, customer.country, wanted, "addons")
    if prices is None:
        check_sold(tx.session, customer, [plan, *wanted])
        prices = prices_for(tx.session, Audience.of(customer), {plan.id, *(addon.id for addon in wanted)})
    price = prices.of(plan, order.term)
    trial = order.trial and bool(price.trial_term)
    check_units(plan, order.quantity)
    addons = [addon_of(tx.session, plan, order.term, *pair, prices) for pair in zip(wanted, order.addons, strict=True)]
    mac = parse_mac(order.mac) if order.mac.strip() else None
    if trial:
        _check_shops_trial(tx, customer, plan, price, wanted)
        refuse_second_trial(tx, customer, plan, Marks(mac, order.ip, order.device))
    _ask_guards(customer, order, trial)
    today = clock.today_in(customer.zone)
    if order.starts_on not in (None, today) and not tx.ctx.may("subscriptions.write"):
        raise NotAllowed("only staff may say when an order begins")
    first = first_day(tx.session, customer, order.starts_on)
    _check_season(plan, first, price.trial_term if trial else None)
    subscription = _subscription(tx, customer, plan, order.term, first, trial)
    parts = (Sold(plan, price, order.quantity), *addons)
    for number, part in enumerate(parts):
        kind = "connection" if part.plan.kind == "connection" else "addon" if number else "plan"
        _component(tx, subscription, part, kind, first)
    added = [(part.plan, part.quantity) for part in addons]
    boxes = pick_devices(tx, customer, added)
    # whoever buys or rents a box from us need not know its MAC
    wish = AccessWish(mac=mac or next((box.mac for box in boxes if box.mac), None))
    placement = Placement(tx.session, [wish], [plan], for_staff=tx.ctx.scope.everything)
    ids = iter(reserve_ids(tx.session, "service", max(len(plan.details.get("services", [])), 1)))
    services = add_services(subscription, plan, added, wish, placement, ids, quantity=order.quantity)
    for service in services:
        service.in_review = order.in_review
        service.desired_from = start_of_day(first, customer.zone) if first > today else None
    tx.session.add_all(services)
    keep_devices(tx, boxes, subscription, services)
    sale = Sale(subscription, tuple(services), parts)
    redeem(tx, customer, sale, order.coupons, worth(sale), (subscription.id,))
    record(tx, subscription, "ordered", today, plan=plan.code, term=order.term)
    if trial and subscription.payer_reseller_id is not None:
        payer = tx.session.get_one(Reseller, subscription.payer_reseller_id)
        record(tx, subscription, "trial_given", day_of_trials(tx.session, payer))
    return sale


def first_day(session: Session, customer: Customer, starts_on: date | None) -> date:
    """The day on which an order begins, if it is paid by then. Raises InvalidInput for a day that has passed (no period
    is billed before it was ordered), for one too far, and in a reseller's shop, whose orders begin when its credits are
    there."""
    today = clock.today_in(customer.zone)
    if starts_on is None or starts_on == today:
        return today
    if not today < starts_on <= today + LONGEST_AHEAD:
        raise InvalidInput("starts_on", f"must be from today, {today}, to {today + LONGEST_AHEAD}")
    if payer_of(session, customer.seller_id) is not None:
        raise InvalidInput("starts_on", "what is paid with a reseller's credits begins when they are there")
    return starts_on


def worth(sale: Sale) -> int:
    """What it costs with the order, before any discount, in minor units as the price book has it."""
    trial = sale.subscription.phase == "trial"
    return sum(asked_now(part.price, trial) * part.quantity for part in sale.parts)


def redeem(
    tx: Tx, customer: Customer, sale: Sale, codes: Sequence[str], amount: int, together: tuple[int, ...]
) -> None:
    """Take a use of each code for the sale. `amount`: what the whole order costs; `together`: its subscriptions.

    Raises InvalidInput where a code can't be used.
    """
    if codes:
        subscription, plans = sale.subscription, frozenset(part.plan.id for part in sale.parts)
        about = (customer.seller_id, customer.currency, customer.country, clock.today_in(customer.zone), plans)
        reserve(tx, Entered(*about, subscription.term, amount, customer.id, subscription.id, together), codes)


def own_customer(tx: Tx, customer_id: int) -> Customer:
    """The one who orders. Raises NotFound for one whom the context may not order for."""
    customer = tx.session.get(Customer, customer_id)
    scope = tx.ctx.scope
    if customer is None or not (
        scope.everything
        or scope.customer_id == customer_id
        or is_within(tx.session, customer.reseller_id, scope.reseller_id)
    ):
        raise NotFound("customer", customer_id)
    return customer


def plan_of(session: Session, customer: Customer, code: str) -> Plan:
    whose = catalogue_of(session, customer.seller_id)
    plan = session.scalar(select(Plan).where(Plan.seller_id == whose, Plan.code == code))
    if plan is None or plan.retired:
        raise NotFound("plan", code)
    return plan


def check_sold(session: Session, customer: Customer, plans: Sequence[Plan]) -> None:
    """A reseller's shop sells what its reseller may sell and has not left out, while it is open."""
    sold = check_open(session, customer.seller_id)
    for plan in plans:
        if not sold.has(plan):
            raise NotFound("plan", plan.code)


def addon_of(
    session: Session,
    plan: Plan,
    term: str,
    addon: Plan,
    wanted: AddOnOrder,
    prices: PriceList,
    *,
    running: bool = False,
) -> Sold:
    """A bouquet, connections or a rented device for the same term, or a device that is paid once, with the order.
    `running`: it is new to lines that there are already."""
    fitting: Sequence[str] = addon.details.get("plans", [])
    if addon.kind not in ("bouquet", "connection", "device") or plan.code not in fitting:
        raise InvalidInput("addons", f"{addon.name} can't be added to {plan.name}")
    lines = plan.details.get("services", [])
    if addon.kind == "connection" and lines and not any(line["kind"] == "stream" for line in lines):
        raise InvalidInput("addons", f"{plan.name} is watched on a box, which has one screen")
    if without_addon(session, lines, addon.kind, running=running):
        raise InvalidInput("addons", f"{addon.name} can't be added to {plan.name}")
    check_units(addon, wanted.quantity, "addons")
    return Sold(addon, prices.of(addon, "" if paid_once(addon) else term), wanted.quantity)


def paid_once(addon: Plan) -> bool:
    """A device that is sold; one that is rented is paid with every term."""
    return addon.kind == "device" and not addon.details.get("rented")


def check_units(plan: Plan, quantity: int, field: str = "quantity") -> None:
    least, most = int(plan.details.get("min_units") or 1), int(plan.details.get("max_units") or 1)
    if not least <= quantity <= max(most, least):
        raise InvalidInput(field, f"{plan.name} can be had so often: {least} to {max(most, least)}, not {quantity}")


def lock_shops_trials(tx: Tx, customer: Customer) -> Reseller | None:
    """Of a shop's customer, who gives its trials: two that are ordered at once are counted in turn."""
    payer_id = payer_of(tx.session, customer.seller_id)
    return None if payer_id is None else lock_rows(tx, {payer_id})[payer_id]


def _check_shops_trial(tx: Tx, customer: Customer, plan: Plan, price: Price, added: Sequence[Plan]) -> None:
    """In a reseller's shop by the reseller's rights, as long as the operator gives it for credits."""
    payer = lock_shops_trials(tx, customer)
    if payer is None:
        return
    check_trials_left(tx.session, payer)
    given = trials_for_credits(tx.session, payer).get((plan.id, price.term))
    if given is None or given.trial_term != price.trial_term:
        raise Conflict(f"{plan.name} has no such trial any more", hint="choose a plan without trial")
    if any(addon.kind in ADDED for addon in added):
        raise InvalidInput("addons", "a trial is of the plan alone", hint="add them when it is renewed")


def outlasts_season(plan: Plan, today: date, trial_term: str) -> bool:
    """A trial leaves at least a day that is paid."""
    ends = plan.season_ends_on
    return ends is not None and ends <= cycle_start(today, Term.parse(trial_term), 1)


def _check_season(plan: Plan, today: date, trial_term: str | None) -> None:
    ends = plan.season_ends_on
    if ends is not None and ends <= today:
        raise NotFound("plan", plan.code, hint=f"its season has ended on {ends}")
    if trial_term and outlasts_season(plan, today, trial_term):
        raise Conflict(f"the season of {plan.name} ends before its trial would", hint="choose a plan without trial")


def _ask_guards(customer: Customer, order: Order, trial: bool) -> None:
    view = OrderView(
        customer_id=customer.id,
        email=customer.email,
        country=customer.country,
        ip=order.ip,
        plan=order.plan,
        addons=tuple(a.code for a in order.addons),
        trial=trial,
    )
    denied = plugins().guard("before_order", order=view)
    if denied is not None:
        raise NotAllowed(denied.reason)


def _subscription(tx: Tx, customer: Customer, plan: Plan, term: str, first: date, trial: bool) -> Subscription:
    subscription = Subscription(
        seller_id=customer.seller_id,
        customer_id=customer.id,
        plan_id=plan.id,
        payer_reseller_id=payer_of(tx.session, customer.seller_id),
        collection="manual",
        currency=customer.currency,
        state=State.PENDING.value,
        phase="trial" if trial else "recurring",
        term=term,
        anchor=first if trial else anchor_of_order(customer, term, first),
        started_on=first,
        zone=customer.zone,
        created_at=clock.now(),
    )
    tx.session.add(subscription)
    tx.session.flush()
    return subscription


def _component(tx: Tx, subscription: Subscription, part: Sold, kind: str, starts_on: date) -> None:
    tx.session.add(
        SubscriptionComponent(
            subscription_id=subscription.id,
            plan_id=part.plan.id,
            price_id=part.price.id,
            kind=kind,
            quantity=part.quantity,
            starts_on=starts_on,
            ends_on=None if part.price.term else starts_on,  # what is paid once is never renewed
        )
    )
