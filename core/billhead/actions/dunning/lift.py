"""Give back what debt had taken away, as far as what is still owed allows it. Asked whenever a debt may have ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import update

from billhead import clock
from billhead.actions.dunning._credit_days import credit_suspended_days
from billhead.actions.dunning._debts import oldest_due
from billhead.actions.dunning._terms import terms_of_subscription
from billhead.actions.provisioning.want import want
from billhead.actions.subscriptions._state import live_services, move, record
from billhead.actions.subscriptions.restore import restore
from billhead.db import Tx
from billhead.domain.dunning import StageAction, stages_reached
from billhead.domain.subscription import Event, State, SuspendedBy
from billhead.models.dunning import DunningStep, PaymentPromise
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription

__all__ = ["Lifted", "lift_debt"]

_STOPS = {StageAction.SUSPEND, StageAction.TERMINATE}
_LIMITS = {StageAction.THROTTLE, *_STOPS}


@dataclass(frozen=True, slots=True)
class Lifted:
    subscription_id: int
    restored: bool
    unthrottled: bool


def lift_debt(tx: Tx, subscription_id: int, *, promised: bool = False) -> Lifted:
    """Only what debt has stopped is started again, and only if no other debt is as old as that.

    `promised`: what is still owed was promised to be paid, so it takes nothing away now. No check of its own of who may
    do this: whoever booked the money was allowed to.
    """
    tx.session.flush()
    subscription = tx.session.get_one(Subscription, subscription_id, with_for_update=True, populate_existing=True)
    terms = terms_of_subscription(tx.session, subscription)
    today = clock.today_in(tx.session.get_one(Seller, subscription.seller_id).zone)
    oldest = oldest_due(tx.session, subscription_id, before=today)
    counted = None if promised else oldest
    reached = {stage.action for stage in stages_reached(terms.stages, counted, today)}
    restored = unthrottled = False
    if not reached & _LIMITS:
        unthrottled = _unthrottle(tx, subscription)
    if subscription.state == State.PAST_DUE and oldest is None:
        move(tx, subscription, Event.CLEAR_DEBT, clock.today_in(subscription.zone))
    elif subscription.suspended_for == SuspendedBy.DEBT and not reached & _STOPS:
        if terms.credits_suspended_days and subscription.state == State.SUSPENDED:
            credit_suspended_days(tx, subscription)
        restored = restore(tx, subscription_id, SuspendedBy.DEBT.value).changed
    kept = {StageAction.THROTTLE: _LIMITS, StageAction.SUSPEND: _STOPS}
    given_back = [action for action, keeps in kept.items() if not reached & keeps]
    _forget_steps(tx, subscription_id, given_back, today)
    if oldest is None:
        _close_promise(tx, subscription, today)
    return Lifted(subscription_id, restored, unthrottled)


def _unthrottle(tx: Tx, subscription: Subscription) -> bool:
    free = {"limit_connections": None, "limit_bouquets": None}
    changed = [want(tx, service, **free) for service in live_services(tx, subscription)]
    if not any(changed):
        return False
    record(tx, subscription, "unthrottled", clock.today_in(subscription.zone))
    return True


def _forget_steps(tx: Tx, subscription_id: int, actions: Sequence[StageAction], today: date) -> None:
    """What was given back may be taken away again, should a debt come back (a broken promise, a chargeback)."""
    tx.session.execute(
        update(DunningStep)
        .where(
            DunningStep.subscription_id == subscription_id,
            DunningStep.action.in_([action.value for action in actions]),
            DunningStep.lifted_on.is_(None),
        )
        .values(lifted_on=today)
    )


def _close_promise(tx: Tx, subscription: Subscription, today: date) -> None:
    """Nothing is overdue any more: what was promised was kept."""
    tx.session.execute(
        update(PaymentPromise)
        .where(PaymentPromise.subscription_id == subscription.id, PaymentPromise.state == "open")
        .values(state="kept", closed_on=today)
    )
