"""The next order of a reseller's shop that waits for its credits: held and wanted, or it waits on, and why."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from sqlalchemy import select

from billhead import clock
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.payments._paid import is_kept, paid_until
from billhead.actions.provisioning._desired import panel_view
from billhead.actions.resellers._holds import Purchase, hold_and_extend, settle_holds
from billhead.actions.resellers._prices import credit_prices, in_credits
from billhead.actions.resellers._tree import is_stopped, lock_resellers
from billhead.actions.shops._own import customer_of
from billhead.actions.shops._supplying import TIMED, share_of_term
from billhead.actions.shops._waited import begin_today, is_overtaken, time_of
from billhead.actions.subscriptions._state import live_services, record
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.document import State as Paid
from billhead.domain.errors import BillheadError, Conflict
from billhead.domain.money import CREDITS, Money
from billhead.domain.periods import Period
from billhead.domain.subscription import State
from billhead.models.catalogue import Plan
from billhead.models.documents import Document, DocumentLine
from billhead.models.panels import Panel
from billhead.models.people import Customer, Reseller
from billhead.models.shops import ShopSupply
from billhead.models.subscriptions import Service, Subscription
from billhead.plugin import Expiry

__all__ = ["Supplying", "supply_waiting"]

_OVER = "its time is over: no credits are taken for it"


@dataclass(frozen=True, slots=True)
class Supplying:
    """`last_id`: the order that was looked at; None: there is no further one."""

    reseller_id: int
    last_id: int | None


@verb("shops.supply_waiting", permission="resellers.write")
def supply_waiting(tx: Tx, reseller_id: int, after: int = 0) -> Supplying:
    """In a transaction of its own: the subscription is locked, then its payer, as everybody does it. An order is held
    for once: who comes second finds it held. Orders wait in the order in which they were paid, and one that is too
    dear does not keep a cheaper one back."""
    found = tx.session.execute(
        select(ShopSupply.id, ShopSupply.subscription_id)
        .where(ShopSupply.reseller_id == reseller_id, ShopSupply.state == "waiting", ShopSupply.id > after)
        .order_by(ShopSupply.id)
        .limit(1)
    ).first()
    if found is None:
        return Supplying(reseller_id, None)
    subscription = tx.session.get_one(Subscription, found.subscription_id, with_for_update=True, populate_existing=True)
    (reseller,) = lock_resellers(tx, reseller_id)
    row = tx.session.get_one(ShopSupply, found.id, with_for_update=True, populate_existing=True)
    if row.state == "waiting":
        _supply(tx, reseller, subscription, row)
    return Supplying(reseller_id, row.id)


def _supply(tx: Tx, reseller: Reseller, subscription: Subscription, row: ShopSupply) -> None:
    bought_until = _bought_until(tx, subscription, row)
    gone = subscription.paid_through is None or subscription.paid_through < row.until
    if gone or bought_until is None or subscription.state == State.CANCELED:
        row.state, row.why, row.settled_at = "dropped", "its money went back, or it was canceled", clock.now()
        return
    row.why = _keeps_waiting(tx, subscription, row)
    if row.why == _OVER and not is_overtaken(tx, row):
        row.state, row.settled_at = "dropped", clock.now()
    if row.why:
        return
    try:
        cost, more = _planned(tx, reseller, subscription, row)
        with tx.session.begin_nested():
            begin_today(tx, subscription, row)
            bought = Purchase("supply", cost, Period(row.starts_on, row.until), subscription.anchor, more)
            held = hold_and_extend(tx, reseller, subscription, bought)
        row.hold_id, row.state, row.why = held.id, "held", ""
        record(tx, subscription, "supplied", row.starts_on, supply_id=row.id, until=row.until.isoformat())
        tx.session.flush()
        for line in live_services(tx, subscription)[:1]:
            settle_holds(tx, held, line)  # where nothing of it moves, no panel will be asked
    except BillheadError as refused:
        row.why = refused.message[:300]  # it stands where the reseller sees it
        if refused.code == "credits_short":
            _tell(tx, reseller)


def _tell(tx: Tx, reseller: Reseller) -> None:
    """Once a day, however many wait."""
    own = customer_of(tx.session, reseller)
    key = f"shop_waiting:{reseller.id}:{clock.today_in(own.zone)}"
    queue_notice(tx, own.id, "shop_waiting", key, {"reseller_id": reseller.id})


def _bought_until(tx: Tx, subscription: Subscription, row: ShopSupply) -> date | None:
    """None where what was bought by its invoice was given back."""
    return paid_until(tx, tx.session.get_one(Document, row.document_id), subscription)


def _keeps_waiting(tx: Tx, subscription: Subscription, row: ShopSupply) -> str:
    """Why no credits are asked for yet, "" where they are. What is over may be put off by what comes before it."""
    earlier = tx.session.scalars(
        select(ShopSupply)
        .where(
            ShopSupply.subscription_id == subscription.id,
            ShopSupply.id < row.id,
            ShopSupply.state.in_(["waiting", "held", "refused"]),
        )
        .order_by(ShopSupply.id)
    ).all()
    # time runs from its beginning to its end: what comes later must not be given in place of what comes first
    comes_first = any(one.state == "held" or _may_come(tx, subscription, one) for one in earlier)
    return "an earlier order of this subscription comes first" if comes_first else _in_vain(tx, subscription, row)


def _in_vain(tx: Tx, subscription: Subscription, row: ShopSupply) -> str:
    if _is_over(tx, subscription, row):
        return _OVER
    paid = tx.session.get_one(Document, row.document_id).state == Paid.PAID
    return "" if paid else "its invoice is not paid any more"


def _is_over(tx: Tx, subscription: Subscription, row: ShopSupply) -> bool:
    return time_of(tx, subscription, row).end <= clock.today_in(subscription.zone)


def _left(tx: Tx, subscription: Subscription, row: ShopSupply) -> Fraction:
    """Which share of its time is bought: what can still be watched, which is all unless it was paid late. A panel that
    sells time sells it whole."""
    its, today = time_of(tx, subscription, row), clock.today_in(subscription.zone)
    if today <= its.start or is_overtaken(tx, row):  # overtaken: its lines ran, by what came later
        return Fraction(1)
    if any(_is_sold_whole(tx, line) for line in live_services(tx, subscription)):
        return Fraction(1)
    return Fraction((its.end - today).days, (its.end - its.start).days)


def _is_sold_whole(tx: Tx, line: Service) -> bool:
    panel = tx.session.get_one(Panel, line.panel_id)
    return panel_view(tx.session, panel, bouquets=False).capabilities.expiry is Expiry.PURCHASED


def _may_come(tx: Tx, subscription: Subscription, row: ShopSupply) -> bool:
    """What is over, or not paid any more, keeps nothing back."""
    return not _in_vain(tx, subscription, row) and _bought_until(tx, subscription, row) is not None


def _planned(tx: Tx, reseller: Reseller, subscription: Subscription, row: ShopSupply) -> tuple[Money, dict[str, Any]]:
    """What it takes, and what is kept with the hold."""
    if is_stopped(tx.session, reseller):
        raise Conflict(f"{reseller.name} is suspended", code="reseller_suspended")
    if any(line.in_review for line in live_services(tx, subscription)):
        raise Conflict("the order is being checked", code="in_review")
    cost, sold = _cost(tx, reseller, subscription, row)
    row.credits_minor = cost.minor
    return cost, {"term": subscription.term, **sold, "supply_id": row.id}


def _cost(tx: Tx, reseller: Reseller, subscription: Subscription, row: ShopSupply) -> tuple[Money, dict[str, Any]]:
    """By the price list of today for who pays, for what is bought of it; and what it is sold for, as the shop's
    invoice says, without tax."""
    lines = tx.session.scalars(
        select(DocumentLine)
        .where(
            DocumentLine.document_id == row.document_id,
            DocumentLine.subscription_id == subscription.id,
            DocumentLine.kind.in_(TIMED),
            is_kept(),
        )
        .order_by(DocumentLine.position)
    ).all()
    customer = tx.session.get_one(Customer, subscription.customer_id)
    prices = credit_prices(tx.session, reseller, customer, {line.plan_id for line in lines if line.plan_id})
    total, sold, left = Money(0, CREDITS), [], _left(tx, subscription, row)
    for line in lines:
        plan = tx.session.get_one(Plan, line.plan_id)
        price = prices.of(plan, line.term)
        in_credits(price.credit_minor, plan, line.term)
        total += share_of_term(line, price.credit_minor or 0, left)
        sold.append([plan.id, line.quantity])
    asked = {"sold_minor": sum(line.net_minor for line in lines), "sold_currency": subscription.currency}
    return total, {"sold": sold, **asked}
