"""Beginning a hold: the lines stop, and what was paid is credited or kept."""

from dataclasses import dataclass
from datetime import date, timedelta

from billhead.actions.billing.rebill import rebill
from billhead.actions.events import emit
from billhead.actions.subscriptions._extending import ends_of, extend
from billhead.actions.subscriptions._free_time import free_time, open_hold
from billhead.actions.subscriptions._offers import withdraw_offers
from billhead.actions.subscriptions._scheduled import schedule, scheduled_of
from billhead.actions.subscriptions._state import record
from billhead.actions.subscriptions._stopping import stop
from billhead.db import Tx
from billhead.domain.counted import counted
from billhead.domain.subscription import State, SuspendedBy
from billhead.models.catalogue import Plan
from billhead.models.subscriptions import Subscription

__all__ = ["Held", "begin_hold", "kept_since", "may_end_from", "paid_after_hold", "too_short", "way_of"]


@dataclass(frozen=True, slots=True)
class Held:
    """`state`: done, or scheduled for the first day."""

    subscription_id: int
    state: str
    document_id: int | None = None
    credit_minor: int = 0


def begin_hold(tx: Tx, subscription: Subscription, start: date, ends_on: date | None, way: str) -> Held:
    """Stop the lines now; what was paid from `start` on is credited, or kept until the end of the hold."""
    withdraw_offers(tx, subscription.id)
    stop(tx, subscription, SuspendedBy.CUSTOMER)
    if way == "credit":
        free_time(tx, subscription, "hold", start, ends_on)
    else:
        free_time(tx, subscription, "kept", start, start)  # becomes the days that are added when it ends
    written = rebill(tx, subscription.id)
    tx.session.refresh(subscription)
    extend(tx, subscription, ends_of(tx, subscription))  # what came back whole buys no days
    if ends_on is not None:
        schedule(tx, subscription, "resume", ends_on, {})
    record(tx, subscription, "held", start, way=way, ends_on=ends_on.isoformat() if ends_on else None)
    data = {"subscription_id": subscription.id, "starts_on": start.isoformat()}
    emit(tx, "subscription.held", f"subscription:{subscription.id}", data)
    return Held(subscription.id, "done", written.document_id, max(-written.total_minor, 0))


def paid_after_hold(tx: Tx, subscription: Subscription, today: date) -> date | None:
    """The end of what is paid for somebody on hold, if that ends when it is planned to, or else today: kept days stand
    still until then, and of credited ones those come that it does not reach. None where nothing is left, or it runs."""
    pause, paid = open_hold(tx, subscription), subscription.paid_through
    on_hold = subscription.state == State.SUSPENDED and subscription.suspended_for == SuspendedBy.CUSTOMER
    if not on_hold or pause is None or paid is None or paid <= pause.starts_on:
        return None
    ends_on = next((row.effective_on for row in scheduled_of(tx, subscription.id) if row.kind == "resume"), None)
    if pause.why == "kept":
        return max(ends_on or today, today) + (paid - pause.starts_on)
    return paid if ends_on is not None and ends_on < paid else None


def kept_since(tx: Tx, subscription: Subscription) -> date | None:
    """The day from which paid days stand still for a hold that it is in; None where none do."""
    pause, paid = open_hold(tx, subscription), subscription.paid_through
    on_hold = subscription.state == State.SUSPENDED and subscription.suspended_for == SuspendedBy.CUSTOMER
    kept = on_hold and pause is not None and pause.why == "kept" and paid is not None and pause.starts_on < paid
    return pause.starts_on if kept and pause is not None else None


def may_end_from(tx: Tx, subscription: Subscription) -> date | None:
    """The first day on which its customer may end the hold that it is in: after the least days that its plan wants.
    None where it is in none."""
    pause = open_hold(tx, subscription)
    if pause is None:
        return None
    rules = tx.session.get_one(Plan, subscription.plan_id).details.get("hold") or {}
    return pause.starts_on + timedelta(days=int(rules.get("min_days", 0)))


def way_of(tx: Tx, subscription: Subscription) -> str:
    """By the plan; otherwise what is renewed by hand keeps its days, and what is billed by the calendar is credited."""
    rules = tx.session.get_one(Plan, subscription.plan_id).details.get("hold") or {}
    return str(rules.get("way") or ("keep" if subscription.collection == "manual" else "credit"))


def too_short(least: int) -> str:
    """Why a hold of fewer days is refused."""
    return counted(least, f"a hold is {least} day or longer", f"a hold is {least} days or longer")
