"""Days that a change adds where a plan adds the missing ones: brought in line with the history, as money is."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select

from billhead import clock
from billhead.actions.billing._calendars import put_off_anchors
from billhead.actions.billing._extended import extended
from billhead.actions.billing._free_days import EXTENDED
from billhead.actions.billing.rebill import Desk
from billhead.actions.shops._supplying import let_run
from billhead.actions.subscriptions._free_time import give_time
from billhead.actions.subscriptions._given_since import end_of
from billhead.actions.subscriptions._scheduled import put_off, scheduled_of
from billhead.actions.subscriptions._taking_steps import look_again
from billhead.db import Tx
from billhead.models.subscriptions import FreeTime, Subscription

__all__ = ["Ends", "cut_days", "end_with_period", "ends_of", "extend", "runs_until"]


@dataclass(frozen=True, slots=True)
class Ends:
    """The ends of a subscription before a change, and what was planned then: they have the days of before in them."""

    service: date | None
    billing: date | None
    planned: Collection[int]


def ends_of(tx: Tx, subscription: Subscription) -> Ends:
    planned = {row.id for row in scheduled_of(tx, subscription.id)}
    return Ends(subscription.service_ends_on, subscription.billing_ends_on, planned)


def cut_days(tx: Tx, subscription: Subscription, on: date) -> list[tuple[int | None, int]]:
    """A whole period begins on the day, in place of days that were added: what these are worth comes behind it. Returns
    (gift, days) of those that were given."""
    given: list[tuple[int | None, int]] = []
    for row in reversed(_rows(tx, subscription, (EXTENDED, "given"))):  # each ends where the one behind it has begun
        if end_of(row) > on:
            lost = end_of(row) - max(row.starts_on, on)
            if subscription.paid_through is not None and subscription.paid_through >= end_of(row):
                subscription.paid_through -= lost
            row.ends_on = max(row.starts_on, on)
            if row.why != EXTENDED:
                given.append((row.gift_id, lost.days))
    tx.session.flush()
    return given


def end_with_period(tx: Tx, subscription: Subscription) -> None:
    """What a whole period has taken the place of may have run longer: what cost nothing, or what came back as credit.
    The next period is looked for in time."""
    look_again(tx, subscription, clock.today_in(subscription.zone))
    paid, billed = subscription.paid_through, subscription.billed_through
    if paid is not None and billed is not None and billed < paid:
        subscription.paid_through = billed
        let_run(tx, subscription, billed)


def extend(tx: Tx, subscription: Subscription, before: Ends, *, paid_now: bool = False) -> int:
    """Let it have the days that its history says; returns how many more there are, below zero: fewer.

    The change is made and billed; the caller holds the subscription locked. `paid_now` as in `extended`.
    """
    desk = Desk()
    history = desk.history(tx.session, subscription.id)
    found = extended(history, desk.catalogue, paid_now=paid_now)
    more = found.due - found.there
    if not more or subscription.billed_through is None:
        return 0
    today = history.item.target
    if not found.there:
        give_time(tx, subscription, more, today, why=EXTENDED)
        return more
    row = next(one for one in reversed(_rows(tx, subscription, (EXTENDED,))) if end_of(one) > found.since)
    if subscription.service_ends_on is None or subscription.service_ends_on > today:
        _move_what_is_planned(tx, subscription, row, timedelta(days=more), timedelta(days=found.due), before)
    _move_end(tx, subscription, row, timedelta(days=more))
    look_again(tx, subscription, today)
    return more


def runs_until(subscription: Subscription) -> date:
    """The first day after all that was billed and added, also where that is not paid yet."""
    return max(day for day in (subscription.paid_through, subscription.billed_through) if day is not None)


def _move_what_is_planned(
    tx: Tx, subscription: Subscription, row: FreeTime, by: timedelta, due: timedelta, before: Ends
) -> None:
    """It comes so much later; ends that the change has brought have none of the days yet."""
    starts, end = row.starts_on, end_of(row)
    service, billing = subscription.service_ends_on, subscription.billing_ends_on
    if service is not None and billing is not None:
        later = by if (service, billing) == (before.service, before.billing) else due
        subscription.service_ends_on, subscription.billing_ends_on = service + later, billing + later
    for planned in scheduled_of(tx, subscription.id):
        known = planned.id in before.planned
        if planned.kind == "change" and planned.effective_on >= (end if known else starts):
            put_off(tx, planned, planned.effective_on + (by if known else due))


def _move_end(tx: Tx, subscription: Subscription, row: FreeTime, by: timedelta) -> None:
    """All that is billed and paid behind these days comes so much later."""
    end = end_of(row)
    for other in tx.session.scalars(select(FreeTime).where(FreeTime.subscription_id == subscription.id)):
        if other is not row and other.ends_on is not None and other.ends_on >= end:
            other.starts_on += by if other.starts_on >= end else timedelta(0)
            other.ends_on += by
    put_off_anchors(tx.session, subscription, end, by)
    row.ends_on = end + by
    if subscription.billed_through is not None and subscription.billed_through >= end:
        subscription.billed_through += by
    if subscription.paid_through is not None and subscription.paid_through >= end:
        subscription.paid_through += by
        let_run(tx, subscription, subscription.paid_through)


def _rows(tx: Tx, subscription: Subscription, whys: Collection[str]) -> list[FreeTime]:
    tx.session.flush()
    rows = select(FreeTime).where(FreeTime.subscription_id == subscription.id, FreeTime.why.in_(whys))
    return list(tx.session.scalars(rows.order_by(FreeTime.starts_on, FreeTime.id)))
