"""A cancellation is taken back: billing stands where it would without it."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select

from billhead.actions.billing._calendars import calendar_of, move_anchor
from billhead.actions.billing.rebill import Desk
from billhead.actions.subscriptions._free_time import bill_from
from billhead.db import Tx
from billhead.domain.periods import anchor_for_day
from billhead.models.people import Customer
from billhead.models.subscriptions import FreeTime, Subscription

__all__ = ["go_on", "last_free_time"]


def last_free_time(tx: Tx, subscription: Subscription) -> int:
    """The id of the last days that were not charged, for telling which came after the cancellation."""
    tx.session.flush()
    last = select(func.max(FreeTime.id)).where(FreeTime.subscription_id == subscription.id)
    return tx.session.scalar(last) or 0


def go_on(tx: Tx, subscription: Subscription, canceled: dict[str, Any]) -> None:
    """Put back the ends that the plan has by itself. A cycle that the cancellation had cut short is billed to its end,
    and days that were given since follow what is billed then. The caller bills the difference."""
    given = _given_since(tx, subscription, canceled["free_time_id"])
    longer = sum((_length(row) for row in given), timedelta(0))
    service, billing = _day(canceled["service_ended_on"]), _day(canceled["billing_ended_on"])
    subscription.service_ends_on = service and service + longer
    subscription.billing_ends_on = billing and billing + longer
    billed = subscription.billed_through
    waiting = [row for row in given if billed is None or row.starts_on >= billed]
    if billed is not None:
        whole = _end_of_cycle(tx, subscription, billed)
        if whole > billed:
            _bill_to(tx, subscription, billed, whole)
            for row in waiting:
                row.starts_on, row.ends_on = row.starts_on + (whole - billed), _end(row) + (whole - billed)
    if waiting:
        bill_from(tx, subscription, _end(waiting[-1]), longer_from=waiting[0].starts_on)
    tx.session.flush()


def _given_since(tx: Tx, subscription: Subscription, free_time_id: int) -> Sequence[FreeTime]:
    row = FreeTime
    return tx.session.scalars(
        select(row)
        .where(row.subscription_id == subscription.id, row.why == "given", row.id > free_time_id)
        .order_by(row.id)
    ).all()


def _end_of_cycle(tx: Tx, subscription: Subscription, billed: date) -> date:
    """Up to where the cycle would have been billed that was billed up to this day; the day itself where it is whole.

    What ended there by itself had nothing more to be billed, and what begins later in the cycle is the run's.
    """
    if subscription.collection == "manual" or subscription.timing == "arrears":
        return billed
    history = Desk().history(tx.session, subscription.id)
    parts = history.item.parts
    open_parts = {part.component_id for part in parts if part.ends_on is None or part.ends_on > billed}
    cut = [
        line.cycle.end
        for component_id, lines in history.standing.items()
        for line in lines
        if component_id in open_parts and not line.closed and line.billed.period.end == billed < line.cycle.end
    ]
    if not cut:
        return billed
    begins = [part.starts_on for part in parts if part.starts_on and billed < part.starts_on != part.ends_on]
    ends = [day for day in (subscription.billing_ends_on, *begins) if day is not None]
    return max(min([max(cut), *ends]), billed)


def _bill_to(tx: Tx, subscription: Subscription, billed: date, whole: date) -> None:
    """An account's day that was set meanwhile counts from the end of the whole cycle."""
    subscription.billed_through = whole
    day = tx.session.get_one(Customer, subscription.customer_id).billing_day
    before = calendar_of(tx.session, subscription).before
    if day is not None and before and before[-1].until == billed:
        move_anchor(tx.session, subscription, anchor_for_day(day, whole), whole, longer_from=billed)


def _length(row: FreeTime) -> timedelta:
    return _end(row) - row.starts_on


def _end(row: FreeTime) -> date:
    assert row.ends_on is not None, "what is given has an end"
    return row.ends_on


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
