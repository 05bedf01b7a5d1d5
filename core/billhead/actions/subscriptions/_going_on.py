"""A cancellation is taken back: billing stands where it would without it."""

from datetime import date
from typing import Any

from billhead.actions.billing._calendars import calendar_of, move_anchor
from billhead.actions.billing.rebill import Desk
from billhead.actions.subscriptions._free_time import bill_from
from billhead.actions.subscriptions._given_since import end_of, given_since, length_of
from billhead.db import Tx
from billhead.domain.periods import anchor_for_day
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription

__all__ = ["go_on"]


def go_on(tx: Tx, subscription: Subscription, canceled: dict[str, Any]) -> None:
    """Put back the ends that the plan has by itself. A cycle that the cancellation had cut short is billed to its end,
    and days that were given since follow what is billed then. The caller bills the difference."""
    given = given_since(tx, subscription, canceled["free_time_id"])
    longer = length_of(given)
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
                row.starts_on, row.ends_on = row.starts_on + (whole - billed), end_of(row) + (whole - billed)
    if waiting:
        bill_from(tx, subscription, end_of(waiting[-1]), longer_from=waiting[0].starts_on)
    tx.session.flush()


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


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
