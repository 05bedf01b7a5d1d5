"""Days for which a paid order has waited for its reseller's credits: its customer has the whole term all the same."""

from datetime import date, timedelta
from typing import NamedTuple

from sqlalchemy import select

from billhead import clock
from billhead.actions.billing._calendars import move_anchor
from billhead.actions.subscriptions._free_time import free_time
from billhead.actions.subscriptions._state import live_services, move
from billhead.actions.subscriptions._taking_steps import look_again
from billhead.db import Tx
from billhead.domain.periods import local_date
from billhead.domain.subscription import Event, State
from billhead.models.people import Customer
from billhead.models.shops import ShopSupply
from billhead.models.subscriptions import Subscription

__all__ = ["Its", "begin_today", "time_of"]

_NONE = timedelta(0)


class Its(NamedTuple):
    """The time of an order if its credits come today. `overtaken`: a later order was supplied before it, and has run
    since then. `over`: nothing of it can be watched any more."""

    start: date
    end: date
    overtaken: bool
    over: bool


def begin_today(tx: Tx, subscription: Subscription, row: ShopSupply, its: Its) -> None:
    """The order's time comes as much later as it has waited for its credits, and what was paid after it follows it.
    The days between are not charged."""
    today, ended = clock.today_in(subscription.zone), row.until
    days = its.end - ended
    row.starts_on, row.until = its.start, its.end
    if days <= _NONE or row.changes:
        return
    row.waits_since = today  # should the panel refuse it, these days are counted
    for one in _later(tx, row):
        days = max(days - max(one.starts_on - ended, _NONE), _NONE)  # what was paid late leaves days between
        ended = one.until
        _shift(one, days)
    _put_off(tx, subscription, days, today)


def time_of(tx: Tx, subscription: Subscription, row: ShopSupply) -> Its:
    """Later by the days on which it waited for its credits.

    Days before it was paid are none of these, nor are days on which its lines ran by what was paid before. A change
    waits for none: it is of time that runs.
    """
    starts, until, today = row.starts_on, row.until, clock.today_in(subscription.zone)
    overtaken, runs = _is_overtaken(tx, row), _runs_until(tx, subscription)
    if row.changes:
        until = runs or starts
        return Its(starts, until, False, until <= today + timedelta(days=1))  # the day that runs is used
    if overtaken:
        return Its(starts, until, True, until <= today)
    runs = runs or starts
    if starts < runs < until:  # what was paid before it had waited too
        starts = runs
    days = max(today - max(starts, row.waits_since, runs), _NONE)
    return Its(starts + days, until + days, False, until + days <= today)


def _is_overtaken(tx: Tx, row: ShopSupply) -> bool:
    query = select(ShopSupply.id).where(
        ShopSupply.subscription_id == row.subscription_id,
        ShopSupply.id > row.id,
        ShopSupply.state.in_(["held", "supplied"]),
    )
    return tx.session.scalar(query.limit(1)) is not None


def _runs_until(tx: Tx, subscription: Subscription) -> date | None:
    """The first day that was not supplied yet; None: its lines never ran."""
    ends = [line.desired_expires_at for line in live_services(tx, subscription) if line.desired_expires_at is not None]
    return local_date(max(ends), subscription.zone) if ends else None


def _shift(row: ShopSupply, days: timedelta) -> None:
    row.starts_on += days
    row.until += days


def _later(tx: Tx, row: ShopSupply) -> list[ShopSupply]:
    rows = (
        select(ShopSupply)
        .where(
            ShopSupply.subscription_id == row.subscription_id,
            ShopSupply.id > row.id,
            ShopSupply.state.in_(["waiting", "refused"]),
        )
        .order_by(ShopSupply.id)
        .with_for_update()
    )
    return list(tx.session.scalars(rows))


def _put_off(tx: Tx, subscription: Subscription, days: timedelta, today: date) -> None:
    if days:
        _move_ends(tx, subscription, days, today)
    if subscription.state == State.EXPIRED:
        move(tx, subscription, Event.RENEW, today)
    look_again(tx, subscription, today)


def _move_ends(tx: Tx, subscription: Subscription, days: timedelta, today: date) -> None:
    paid = subscription.paid_through or today
    start = max(subscription.billed_through or paid, paid)
    free_time(tx, subscription, "given", start, start + days)
    subscription.paid_through, subscription.billed_through = paid + days, start + days
    if tx.session.get_one(Customer, subscription.customer_id).billing_day is None:
        move_anchor(tx.session, subscription, start + days, start + days, longer_from=start)
    if subscription.phase == "trial":
        subscription.phase_ends_on = subscription.paid_through
    for end in ("service_ends_on", "billing_ends_on"):
        if (day := getattr(subscription, end)) is not None:
            setattr(subscription, end, day + days)
