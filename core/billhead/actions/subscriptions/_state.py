"""Moving a subscription through its table, with a line in its history."""

from collections.abc import Collection
from datetime import date
from typing import Any

from sqlalchemy import func, select

from billhead import clock
from billhead.actions.coupons._entering import release
from billhead.actions.devices._reserving import free_devices
from billhead.actions.fraud._case import close_case
from billhead.actions.resellers._tree import is_within
from billhead.actions.subscriptions._scheduled import scheduled_of
from billhead.db import Tx
from billhead.domain.errors import NotFound
from billhead.domain.state import next_state
from billhead.domain.subscription import TRANSITIONS, Event, State
from billhead.models.people import Customer
from billhead.models.subscriptions import Service, Subscription, SubscriptionEvent

__all__ = [
    "begin_again",
    "handed_over_on",
    "live_lines",
    "live_services",
    "move",
    "must_be_visible",
    "record",
    "visible_subscription",
]


def visible_subscription(tx: Tx, subscription_id: int) -> Subscription:
    """The subscription, locked. Raises NotFound also when it is outside of what this actor may see."""
    tx.session.flush()
    locked = tx.session.get(Subscription, subscription_id, with_for_update=True, populate_existing=True)
    return _visible(tx, subscription_id, locked)


def must_be_visible(tx: Tx, subscription_id: int) -> None:
    """Before anything is locked for an id that anybody may have sent. Raises NotFound as `visible_subscription`."""
    tx.session.flush()
    _visible(tx, subscription_id, tx.session.get(Subscription, subscription_id))


def _visible(tx: Tx, subscription_id: int, subscription: Subscription | None) -> Subscription:
    scope = tx.ctx.scope
    if subscription is not None and not scope.everything:
        owner = tx.session.get_one(Customer, subscription.customer_id)
        seen = scope.customer_id == owner.id or is_within(tx.session, owner.reseller_id, scope.reseller_id)
        subscription = subscription if seen else None
    if subscription is None:
        raise NotFound("subscription", subscription_id)
    return subscription


def move(tx: Tx, subscription: Subscription, event: Event, on: date, **details: Any) -> None:
    """Apply an event of the state table (IllegalTransition if it isn't there) and write it into the history."""
    subscription.state = next_state(TRANSITIONS, State(subscription.state), event).value
    subscription.version += 1
    if event == Event.CANCEL and subscription.billed_through is None:
        release(tx, subscription.id)
    if event == Event.CANCEL:
        free_devices(tx, subscription.id)
        close_case(tx, subscription.id)
        for row in scheduled_of(tx, subscription.id):
            row.state = "withdrawn"  # what was planned for it never comes
    record(tx, subscription, event.value, on, **details)


def begin_again(tx: Tx, subscription: Subscription, since: date) -> bool:
    """What had expired, and has time again that nobody has to pay for, runs as before; whether it had. `since`: from
    that day on the time counts."""
    paid = subscription.paid_through
    if subscription.state != State.EXPIRED or paid is None or paid <= clock.today_in(subscription.zone):
        return False
    move(tx, subscription, Event.RESUME_TRIAL if subscription.phase == "trial" else Event.RENEW, since)
    return True


def record(tx: Tx, subscription: Subscription, kind: str, on: date, **details: Any) -> None:
    tx.session.add(
        SubscriptionEvent(
            subscription_id=subscription.id, kind=kind, effective_on=on, details=details, recorded_at=clock.now()
        )
    )


def handed_over_on(tx: Tx, subscription_id: int) -> date | None:
    """The day from which it is its customer's, where somebody else had it before."""
    event = SubscriptionEvent
    query = select(func.max(event.effective_on)).where(
        event.subscription_id == subscription_id, event.kind == "transferred"
    )
    return tx.session.scalar(query)


def live_services(tx: Tx, subscription: Subscription) -> list[Service]:
    return live_lines(tx, [subscription.id])[subscription.id]


def live_lines(tx: Tx, subscriptions: Collection[int]) -> dict[int, list[Service]]:
    """By subscription, locked; an empty list for who has none."""
    found: dict[int, list[Service]] = {key: [] for key in subscriptions}
    rows = tx.session.scalars(
        select(Service)
        .where(Service.subscription_id.in_(found), Service.lifecycle == "wanted")
        .order_by(Service.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    for row in rows:
        found[row.subscription_id].append(row)
    return found
