"""Single sales on a subscription, and its usage as a file."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.catalogue._regions import not_licensed
from billhead.actions.catalogue.prices_for import Audience, prices_for
from billhead.actions.entitlements._passes import is_had_by_pass, usable_passes
from billhead.actions.entitlements.buy_once import KINDS, buy_once
from billhead.db import reading
from billhead.domain.errors import BillheadError
from billhead.domain.money import Money
from billhead.domain.rights import BUYERS
from billhead.domain.subscription import RUNNING
from billhead.domain.whole_number import whole_number
from billhead.models.catalogue import Plan, Price
from billhead.models.entitlements import Entitlement
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription
from billhead.plugin import allow
from billhead.web.csv_export import csv_response
from billhead.web.customer.blueprint import customer
from billhead.web.customer.buying import buying
from billhead.web.customer.read import own_subscription
from billhead.web.customer.sure import sure
from billhead.web.errors import refusal
from billhead.web.formatting import moment, money
from billhead.web.own_words import said_plan
from billhead.web.request_context import current_customer_id
from billhead.web.speaking import say
from billhead.web.usage import EVENT_COLUMNS, event_rows

__all__ = ["OnSale", "on_sale"]


@dataclass(frozen=True, slots=True)
class OnSale:
    """Something that can be bought now. `later`: it may wait for the next invoice; `by_pass`: a pass pays for it."""

    plan: Plan
    price: Price
    starts: datetime | None
    ends: datetime | None
    later: bool
    by_pass: bool


def on_sale(session: Session, subscription: Subscription) -> list[OnSale]:
    """What its customer can buy on it now, at their prices: events that are not over and not bought, then the rest.
    Nothing where a reseller's credits pay for it."""
    if subscription.state not in RUNNING or subscription.settlement == "credits":
        return []
    mine = Entitlement.subscription_id == subscription.id, Entitlement.state == "active"
    had = set(session.scalars(select(Entitlement.plan_id).where(*mine)))
    plans = session.scalars(
        select(Plan)
        .where(Plan.seller_id == subscription.seller_id, Plan.kind.in_(KINDS), Plan.retired.is_(False))
        .order_by(Plan.kind, Plan.id)
        .limit(100)
    ).all()
    if not plans:
        return []
    customer = session.get_one(Customer, subscription.customer_id)
    refused = not_licensed(session, [plan.id for plan in plans], customer.country)
    plans = [plan for plan in plans if plan.id not in refused]
    prices = prices_for(session, Audience.of(customer), [plan.id for plan in plans])
    auto = subscription.collection == "auto" and subscription.settlement == "invoice"
    passes = session.scalar(usable_passes(subscription.id).limit(1)) is not None
    found = []
    for plan in plans:
        starts, ends = (_instant(plan, name) for name in ("starts", "ends"))
        over = ends is not None and ends <= clock.business_now()
        if (plan.id, "") in prices and not over and not (plan.kind == "ppv" and plan.id in had):
            later = auto and bool(plan.details.get("on_bill"))
            by_pass = passes and is_had_by_pass(plan)
            found.append(OnSale(said_plan(plan), prices[plan.id, ""].price, starts, ends, later, by_pass))
    return found


def _instant(plan: Plan, name: str) -> datetime | None:
    told = plan.details.get(name)
    return datetime.fromisoformat(told) if told else None


def _costs(session: Session, subscription: Subscription, code: str) -> Money:
    """Nothing for what is not sold: the purchase itself is refused for it."""
    plan = session.scalar(select(Plan).where(Plan.seller_id == subscription.seller_id, Plan.code == code))
    sold = None
    if plan is not None:
        audience = Audience.of(session.get_one(Customer, subscription.customer_id))
        sold = prices_for(session, audience, [plan.id]).get((plan.id, ""))
    return Money(sold.price.amount_minor if sold is not None else 0, subscription.currency)


@customer.get("/subscriptions/<int:subscription_id>/buy")
@allow(*BUYERS, permission="own.pay")
def ask_to_buy(subscription_id: int) -> ResponseReturnValue:
    with reading() as session:
        one = own_subscription(session, current_customer_id(), subscription_id)
        sold = {found.plan.code: found for found in on_sale(session, one.subscription)}.get(
            request.args.get("plan", "")
        )
    back = url_for("customer.subscription", subscription_id=subscription_id)
    if sold is None:
        flash(say("It is not sold any more."), "warn")
        return redirect(back, 303)
    pay = request.args.get("pay", "now")
    costs = money(sold.price.amount_minor, one.subscription.currency)
    happens = {
        "pass": say("Your pass pays for it: one use less is left on it."),
        "next_invoice": say("It costs %(price)s, which stand on your next invoice. It is yours at once.", price=costs),
    }.get(pay, say("It costs %(price)s. It is yours as soon as it is paid; your credit pays first.", price=costs))
    zone = one.subscription.zone
    times = [(say("Begins"), moment(sold.starts, zone)), (say("Ends"), moment(sold.ends, zone))] if sold.starts else []
    sent = {"plan": sold.plan.code, "pay": pay, "seen": str(sold.price.amount_minor)}
    button = say("Use my pass") if pay == "pass" else say("Buy")
    return sure(say("Buy %(name)s?", name=sold.plan.name), [happens], button, back, sent=sent, figures=times)


@customer.post("/subscriptions/<int:subscription_id>/buy")
@allow(*BUYERS, permission="own.pay")
def buy(subscription_id: int) -> ResponseReturnValue:
    with reading() as session:
        one = own_subscription(session, current_customer_id(), subscription_id)
        plan, pay = request.form.get("plan", ""), request.form.get("pay", "now")
        amount = _costs(session, one.subscription, "" if pay == "pass" else plan)
    back = url_for("customer.subscription", subscription_id=subscription_id)
    try:
        shown = whole_number(request.form.get("seen", ""), 15)
        quoted = None if shown is None else Money(shown, one.subscription.currency)
        carry_out = partial(buy_once, subscription_id=subscription_id, plan_code=plan, pay=pay, quoted=quoted)
        bought = buying("entitlements.buy_once", plan, amount, carry_out)
    except BillheadError as refused:
        flash(refusal(refused)[0], "bad")
        return redirect(back, 303)
    if bought.owed_minor:
        return redirect(url_for("storefront.pay", document_id=bought.document_id), 303)
    yours, billed = say("It is yours."), say("It is yours, and stands on your next invoice.")
    flash(billed if pay == "next_invoice" else yours, "good")
    return redirect(back, 303)


@customer.get("/subscriptions/<int:subscription_id>/usage.csv")
@allow(*BUYERS, permission="own.lines")
def usage_csv(subscription_id: int) -> Response:
    with reading() as session:
        own_subscription(session, current_customer_id(), subscription_id)
    return csv_response(f"usage-{subscription_id}", EVENT_COLUMNS, event_rows(subscription_id))
