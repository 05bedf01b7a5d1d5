"""Bill all subscriptions of a customer on one day of the month, or each on its own day again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select

from billhead import clock
from billhead.actions.rehearse import rehearse
from billhead.actions.subscriptions._billing_day import Bridged, bridge_to_day, offers_a_bridge, onto_day
from billhead.actions.subscriptions._offers import lock_offers, withdraw_offers
from billhead.actions.subscriptions._state import visible_subscription
from billhead.actions.subscriptions._taking_steps import look_again
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import InvalidInput, NotFound
from billhead.domain.subscription import State
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription

__all__ = ["BillingDayPreview", "BillingDaySet", "Bridged", "preview_billing_day", "set_billing_day"]


@dataclass(frozen=True, slots=True)
class BillingDaySet:
    customer_id: int
    moved: int


@dataclass(frozen=True, slots=True)
class BillingDayPreview:
    """`bridges`: every subscription that is not over, with the days until the new day and their price, or why none."""

    customer_id: int
    moved: int
    bridges: tuple[Bridged, ...]


def preview_billing_day(ctx: Context, customer_id: int, day: int | None) -> BillingDayPreview:
    """What `set_billing_day` would do. Raises what it raises."""

    def done(tx: Tx) -> BillingDayPreview:
        told = set_billing_day(tx, customer_id, day)
        running = _running(tx, customer_id) if day is not None else ()
        return BillingDayPreview(customer_id, told.moved, tuple([bridge_to_day(tx, one) for one in running]))

    return rehearse(replace(ctx, idempotency_key=None), done)


@verb("subscriptions.set_billing_day", permission="subscriptions.write")
def set_billing_day(tx: Tx, customer_id: int, day: int | None) -> BillingDaySet:
    """`day` from 1 to 31 (shorter months: their last day), None: each subscription keeps the day that it has now.

    What is billed already stays. From its end to the new day the part of a period is charged when it begins, and whole
    periods from then on: only this bridge is new. Of what is renewed by hand the bridge is offered, in place of what
    was. Terms of days and weeks have no day of the month, and what a reseller pays with credits has its own.
    """
    customer = tx.session.get(Customer, customer_id, with_for_update=True)
    if customer is None:
        raise NotFound("customer", customer_id)
    if day is not None and not 1 <= day <= 31:
        raise InvalidInput("billing_day", f"must be from 1 to 31, got {day}")
    if customer.billing_day == day:
        return BillingDaySet(customer_id, 0)
    customer.billing_day = day
    running = _running(tx, customer_id)
    lock_offers(tx, running)
    if day is None:
        _on_its_own(tx, running)
        return BillingDaySet(customer_id, 0)
    return BillingDaySet(customer_id, sum(onto_day(tx, visible_subscription(tx, one), day) for one in running))


def _running(tx: Tx, customer_id: int) -> Sequence[int]:
    theirs = Subscription.customer_id == customer_id, Subscription.state != State.CANCELED.value
    return tx.session.scalars(select(Subscription.id).where(*theirs).order_by(Subscription.id)).all()


def _on_its_own(tx: Tx, running: Sequence[int]) -> None:
    """What is renewed by hand goes on with whole periods from where it is paid to: no part of one is offered."""
    for subscription_id in running:
        subscription = visible_subscription(tx, subscription_id)
        if subscription.collection == "manual" and offers_a_bridge(subscription):
            withdraw_offers(tx, subscription_id)
            look_again(tx, subscription, clock.today_in(subscription.zone))
