"""The next order of a reseller's shop that waits for its credits: held and wanted, or it waits on, and why."""

from dataclasses import dataclass

from sqlalchemy import select

from billhead import clock
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.resellers._holds import Purchase, hold_and_extend, settle_holds
from billhead.actions.resellers._tree import is_stopped, lock_resellers
from billhead.actions.resellers._unused import tomorrow_of
from billhead.actions.shops._changing import cost_of_change
from billhead.actions.shops._cost_of_time import cost_of_time
from billhead.actions.shops._may_come import has_open_orders, is_bought, is_paid
from billhead.actions.shops._own import customer_of
from billhead.actions.shops._waited import Its, begin_today, time_of
from billhead.actions.subscriptions._shape import reshape, shapes_of
from billhead.actions.subscriptions._state import live_services, record
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import BillheadError, Conflict
from billhead.domain.periods import Period
from billhead.domain.subscription import State
from billhead.models.people import Reseller
from billhead.models.shops import ShopSupply
from billhead.models.subscriptions import Subscription

__all__ = ["Supplying", "supply_waiting"]


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
    gone = subscription.paid_through is None or subscription.paid_through < row.until
    if gone or not is_bought(tx, subscription, row) or subscription.state == State.CANCELED:
        _drop(row, "its money went back, or it was canceled")
        return
    its = time_of(tx, subscription, row)
    if has_open_orders(tx, subscription, before=row.id):
        # time runs from its beginning to its end: what comes later must not be given in place of what comes first
        row.why = "an earlier order of this subscription comes first"
    elif its.over:
        row.why = "its time is over: no credits are taken for it"
        if not its.overtaken:
            _drop(row, row.why)
    elif not is_paid(tx, row):
        row.why = "its invoice is not paid"
    else:
        _take(tx, reseller, subscription, row, its)


def _drop(row: ShopSupply, why: str) -> None:
    row.state, row.why, row.settled_at = "dropped", why, clock.now()


def _take(tx: Tx, reseller: Reseller, subscription: Subscription, row: ShopSupply, its: Its) -> None:
    try:
        bought = _planned(tx, reseller, subscription, row, its)
        with tx.session.begin_nested():
            begin_today(tx, subscription, row, its)
            held = hold_and_extend(tx, reseller, subscription, bought)
            if _brings_change(tx, row):
                shapes = shapes_of(tx, subscription)
                held.details = {**held.details, "shapes": shapes}
                reshape(tx, subscription)
        row.hold_id, row.state, row.why = held.id, "held", ""
        record(tx, subscription, "supplied", row.starts_on, supply_id=row.id, until=row.until.isoformat())
        tx.session.flush()
        for line in live_services(tx, subscription)[:1]:
            settle_holds(tx, held, line)  # where nothing of it moves, no panel will be asked
    except BillheadError as refused:
        row.why = refused.message[:300]  # it stands where the reseller sees it
        if refused.code == "credits_short":
            _tell(tx, reseller)


def _brings_change(tx: Tx, row: ShopSupply) -> bool:
    """Its own, or one that was paid before and never came: the time that is paid now is of what was changed to."""
    query = select(ShopSupply.id).where(
        ShopSupply.subscription_id == row.subscription_id,
        ShopSupply.id <= row.id,
        ShopSupply.changes.is_(True),
        ShopSupply.state != "supplied",
    )
    return tx.session.scalar(query.limit(1)) is not None


def _tell(tx: Tx, reseller: Reseller) -> None:
    """Once a day, however many wait."""
    own = customer_of(tx.session, reseller)
    key = f"shop_waiting:{reseller.id}:{clock.today_in(own.zone)}"
    queue_notice(tx, own.id, "shop_waiting", key, {"reseller_id": reseller.id})


def _planned(tx: Tx, reseller: Reseller, subscription: Subscription, row: ShopSupply, its: Its) -> Purchase:
    if is_stopped(tx.session, reseller):
        raise Conflict(f"{reseller.name} is suspended", code="reseller_suspended")
    if any(line.in_review for line in live_services(tx, subscription)):
        raise Conflict("the order is being checked", code="in_review")
    if row.changes:
        days = Period(tomorrow_of(subscription), its.end)
        cost, sold = cost_of_change(tx, reseller, subscription, row, days)
    else:
        cost, days, sold = cost_of_time(tx, reseller, subscription, row, its)
    row.credits_minor = cost.minor
    asked = {"sold_currency": subscription.currency, "term": subscription.term, "supply_id": row.id}
    return Purchase("supply", cost, days, subscription.anchor, {**asked, **sold})
