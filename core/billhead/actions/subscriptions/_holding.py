"""Beginning a hold: the lines stop, and what was paid is credited or kept."""

from dataclasses import dataclass
from datetime import date

from billhead.actions.billing.rebill import rebill
from billhead.actions.events import emit
from billhead.actions.subscriptions._free_time import free_time
from billhead.actions.subscriptions._offers import withdraw_offers
from billhead.actions.subscriptions._scheduled import schedule
from billhead.actions.subscriptions._state import record
from billhead.actions.subscriptions._stopping import stop
from billhead.db import Tx
from billhead.domain.subscription import SuspendedBy
from billhead.models.catalogue import Plan
from billhead.models.subscriptions import Subscription

__all__ = ["Held", "begin_hold", "way_of"]


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
    if ends_on is not None:
        schedule(tx, subscription, "resume", ends_on, {})
    record(tx, subscription, "held", start, way=way, ends_on=ends_on.isoformat() if ends_on else None)
    data = {"subscription_id": subscription.id, "starts_on": start.isoformat()}
    emit(tx, "subscription.held", f"subscription:{subscription.id}", data)
    return Held(subscription.id, "done", written.document_id, max(-written.total_minor, 0))


def way_of(tx: Tx, subscription: Subscription) -> str:
    """By the plan; otherwise what is renewed by hand keeps its days, and what is billed by the calendar is credited."""
    rules = tx.session.get_one(Plan, subscription.plan_id).details.get("hold") or {}
    return str(rules.get("way") or ("keep" if subscription.collection == "manual" else "credit"))
