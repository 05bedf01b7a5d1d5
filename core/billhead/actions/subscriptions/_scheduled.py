"""What waits for its day, and what was asked for and can still be taken back.

A change that comes by the plan itself (another one follows after a fixed time) is nobody's wish: nobody takes it back.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select

from billhead import clock
from billhead.actions.billing._calendars import forget_calendar
from billhead.actions.subscriptions._given_since import given_since, length_of
from billhead.db import Tx
from billhead.models.subscriptions import Subscription, SubscriptionChange, SubscriptionComponent, SubscriptionEvent

__all__ = [
    "BY_PLAN",
    "drop_scheduled",
    "end_with",
    "last_cancel",
    "may_take_back",
    "may_undo",
    "put_off",
    "schedule",
    "scheduled_of",
    "take_back",
    "wished_of",
]

BY_PLAN = "plan"


def schedule(
    tx: Tx, subscription: Subscription, kind: str, on: date, wish: dict[str, Any], before: dict[str, Any] | None = None
) -> SubscriptionChange:
    row = SubscriptionChange(
        subscription_id=subscription.id,
        kind=kind,
        state="scheduled",
        effective_on=on,
        wish=wish,
        before=before or {},
        recorded_at=clock.now(),
    )
    tx.session.add(row)
    return row


def scheduled_of(tx: Tx, subscription_id: int) -> list[SubscriptionChange]:
    """What waits for its day, earliest first."""
    tx.session.flush()
    change = SubscriptionChange
    return list(
        tx.session.scalars(
            select(change)
            .where(change.subscription_id == subscription_id, change.state == "scheduled")
            .order_by(change.effective_on, change.id)
        )
    )


def wished_of(tx: Tx, subscription_id: int, *kinds: str) -> list[SubscriptionChange]:
    """Of these kinds, what somebody has asked for."""
    return [row for row in scheduled_of(tx, subscription_id) if row.kind in kinds and _wished(row)]


def _wished(row: SubscriptionChange) -> bool:
    return row.before.get("by") != BY_PLAN


def put_off(tx: Tx, row: SubscriptionChange, on: date) -> None:
    """A change that waits comes on another day, and so do its parts."""
    for component_id in row.before["ended"]:
        one = tx.session.get_one(SubscriptionComponent, component_id)
        if one.ends_on == row.effective_on:  # else it has ended before
            one.ends_on = on
    for component_id in row.before["added"]:
        tx.session.get_one(SubscriptionComponent, component_id).starts_on = on
    row.effective_on = on


def end_with(tx: Tx, part: SubscriptionComponent) -> None:
    """A part that ends when another plan follows by itself: it ends later where that comes later."""
    for row in scheduled_of(tx, part.subscription_id):
        if row.before.get("by") == BY_PLAN and row.effective_on == part.ends_on:
            row.before = {**row.before, "ended": [*row.before["ended"], part.id]}


def take_back(tx: Tx, subscription: Subscription, row: SubscriptionChange) -> None:
    """As if it had not been asked for: parts and calendar are what they were."""
    row.state = "withdrawn"
    if row.kind != "change":
        return
    _count_as_before(tx, subscription, row)
    former = row.before.get("ends_on", {})  # of plans that last for so long only
    for component_id in row.before["ended"]:
        told = former.get(str(component_id))
        tx.session.get_one(SubscriptionComponent, component_id).ends_on = date.fromisoformat(told) if told else None
    for component_id in row.before["added"]:
        one = tx.session.get_one(SubscriptionComponent, component_id)
        one.ends_on = one.starts_on
    if "ends" in row.before:
        _end_as_before(tx, subscription, row.before["ends"])


def _count_as_before(tx: Tx, subscription: Subscription, row: SubscriptionChange) -> None:
    """An anchor that has moved since, by given days or a billing day, stays: it is of time that comes after this."""
    term, anchor = row.before["term"], date.fromisoformat(row.before["anchor"])
    if subscription.term != term and subscription.anchor.isoformat() == row.before["then"]:
        forget_calendar(tx.session, subscription, row.effective_on, anchor, term)
        subscription.anchor = anchor
    subscription.term = term


def _end_as_before(tx: Tx, subscription: Subscription, told: dict[str, Any]) -> None:
    """The plan has its own end again, and what follows by itself: later by the days that were given since."""
    longer = length_of(given_since(tx, subscription, told["free_time_id"]))
    service, billing = (told[name] and date.fromisoformat(told[name]) + longer for name in ("service", "billing"))
    subscription.service_ends_on, subscription.billing_ends_on = service, billing
    for change_id in told["follows"]:
        row = tx.session.get_one(SubscriptionChange, change_id)
        row.state = "withdrawn"
        for component_id in row.before["added"]:
            one = tx.session.get_one(SubscriptionComponent, component_id)
            one.ends_on = one.starts_on
    for change_id in told["withdrew"]:
        row = tx.session.get_one(SubscriptionChange, change_id)
        row.state = "scheduled"
        put_off(tx, row, row.effective_on + longer)


def may_take_back(tx: Tx, subscription: Subscription, planned: Sequence[SubscriptionChange]) -> bool:
    """Is there anything that this actor could take back with `keep`? `planned`: what is scheduled."""
    canceled = last_cancel(tx, subscription.id) if subscription.service_ends_on is not None else None
    if canceled is None:
        return any(row.kind in ("change", "hold") and _wished(row) for row in planned)
    return may_undo(tx, subscription, canceled)


def may_undo(tx: Tx, subscription: Subscription, canceled: Mapping[str, Any]) -> bool:
    """What staff have canceled their customer does not undo; who pays for it with credits does."""
    pays = subscription.settlement == "credits" and tx.ctx.scope.reseller_id is not None
    return pays or not canceled.get("by_staff") or tx.ctx.may("subscriptions.write")


def drop_scheduled(tx: Tx, subscription_id: int, kind: str) -> None:
    for row in scheduled_of(tx, subscription_id):
        if row.kind == kind:
            row.state = "withdrawn"


def last_cancel(tx: Tx, subscription_id: int) -> dict[str, Any] | None:
    """The facts of the cancellation that stands (`by_staff`, and the ends of before it), None where none does.

    A plan for a fixed time has an end as well, which is no cancellation.
    """
    event = SubscriptionEvent
    tx.session.flush()
    last = tx.session.execute(
        select(event.kind, event.details)
        .where(event.subscription_id == subscription_id, event.kind.in_(["cancel_asked", "kept"]))
        .order_by(event.id.desc())
        .limit(1)
    ).one_or_none()
    return dict(last.details) if last is not None and last.kind == "cancel_asked" else None
