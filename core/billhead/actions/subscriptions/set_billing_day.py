"""Bill all subscriptions of a customer on one day of the month, or each on its own day again."""

from dataclasses import dataclass

from sqlalchemy import select

from billhead import clock
from billhead.actions.billing._calendars import move_anchor
from billhead.actions.subscriptions._state import record, visible_subscription
from billhead.actions.subscriptions._taking_steps import look_again
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotFound
from billhead.domain.periods import Term, anchor_for_day
from billhead.domain.subscription import State
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription

__all__ = ["BillingDaySet", "set_billing_day"]


@dataclass(frozen=True, slots=True)
class BillingDaySet:
    customer_id: int
    moved: int


@verb("subscriptions.set_billing_day", permission="subscriptions.write")
def set_billing_day(tx: Tx, customer_id: int, day: int | None) -> BillingDaySet:
    """`day` from 1 to 31 (shorter months: their last day), None: each subscription keeps the day that it has now.

    What is billed already stays. From its end to the new day the part of a period is charged when it begins, and whole
    periods from then on: only this bridge is new. Terms of days and weeks have no day of the month.
    """
    customer = tx.session.get(Customer, customer_id, with_for_update=True)
    if customer is None:
        raise NotFound("customer", customer_id)
    if day is not None and not 1 <= day <= 31:
        raise InvalidInput("billing_day", f"must be from 1 to 31, got {day}")
    if customer.billing_day == day:
        return BillingDaySet(customer_id, 0)
    customer.billing_day = day
    running = tx.session.scalars(
        select(Subscription.id)
        .where(Subscription.customer_id == customer_id, Subscription.settlement == "invoice")
        .where(Subscription.collection != "manual", Subscription.state != State.CANCELED.value)
        .order_by(Subscription.id)
    ).all()
    moved = sum(_move(tx, subscription_id, day) for subscription_id in running) if day is not None else 0
    return BillingDaySet(customer_id, moved)


def _move(tx: Tx, subscription_id: int, day: int) -> bool:
    subscription = visible_subscription(tx, subscription_id)
    if not Term.parse(subscription.term).months:
        return False
    today = clock.today_in(subscription.zone)
    from_day = subscription.billed_through or subscription.phase_ends_on or today
    anchor = anchor_for_day(day, from_day)
    if anchor == subscription.anchor:
        return False
    before = subscription.anchor
    move_anchor(tx.session, subscription, anchor, from_day)
    look_again(tx, subscription, today)
    record(tx, subscription, "billing_day_set", today, before=before.isoformat(), anchor=anchor.isoformat())
    return True
