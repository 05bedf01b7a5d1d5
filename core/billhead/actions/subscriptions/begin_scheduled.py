"""What was planned for a day that has come: changes of plan reach the lines, holds begin and end."""

import logging
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from billhead import clock
from billhead.actions.billing._limits import limit_time
from billhead.actions.billing.rebill import rebill
from billhead.actions.fraud._case import held_by_review
from billhead.actions.subscriptions._holding import begin_hold, way_of
from billhead.actions.subscriptions._offers import subscription_to_end
from billhead.actions.subscriptions._scheduled import BY_PLAN, drop_scheduled, wished_of
from billhead.actions.subscriptions._shape import reshape
from billhead.actions.subscriptions._state import record
from billhead.actions.subscriptions._taking_steps import look_again
from billhead.actions.subscriptions._timing import begin_in_advance
from billhead.actions.subscriptions.resume import resume
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import BillheadError
from billhead.domain.subscription import State, SuspendedBy
from billhead.models.catalogue import Plan
from billhead.models.subscriptions import Subscription, SubscriptionChange

__all__ = ["Begun", "begin_scheduled"]

log = logging.getLogger(__name__)

_BATCH = 200


@dataclass(frozen=True, slots=True)
class Begun:
    """`next_after` is where the next batch goes on; 0 when all were looked at."""

    begun: int
    next_after: int


@verb("subscriptions.begin_scheduled", permission="subscriptions.write")
def begin_scheduled(tx: Tx, after_id: int = 0) -> Begun:
    """One batch of what has come to its day, each in its customer's zone, by the change's id.

    A change of what is still being checked waits: the time before it was not watched yet.
    """
    horizon = clock.latest_today()
    change = SubscriptionChange
    rows = tx.session.scalars(
        select(change)
        .join(Subscription, Subscription.id == change.subscription_id)
        .where(change.state == "scheduled", change.effective_on <= horizon, change.id > after_id)
        .where((change.kind != "change") | ~held_by_review())
        .order_by(change.id)
        .limit(_BATCH)
    ).all()
    begun = 0
    for row in rows:
        # one that can't begin must not keep the others from it; it is tried again in an hour
        try:
            with tx.session.begin_nested():
                subscription = subscription_to_end(tx, row.subscription_id)
                tx.session.refresh(row)
                if row.effective_on <= clock.today_in(subscription.zone) and row.state == "scheduled":
                    begun += _begin(tx, subscription, row)
                tx.session.flush()
        except BillheadError as error:
            log.warning("%s of subscription %s can't begin: %s", row.kind, row.subscription_id, error)
    return Begun(begun, next_after=rows[-1].id if len(rows) == _BATCH else 0)


def _begin(tx: Tx, subscription: Subscription, row: SubscriptionChange) -> bool:
    if row.kind == "change":
        return _change(tx, subscription, row)
    if row.kind == "timing":
        return _timing(tx, subscription, row)
    row.state = "done"
    if row.kind == "resume":
        if subscription.state == State.SUSPENDED and subscription.suspended_for == SuspendedBy.CUSTOMER:
            resume(tx, subscription.id)
        return True
    if subscription.state not in (State.ACTIVE, State.PAST_DUE):
        row.state = "withdrawn"
        return False
    ends = row.wish.get("ends_on")
    begin_hold(tx, subscription, row.effective_on, date.fromisoformat(ends) if ends else None, way_of(tx, subscription))
    return True


def _timing(tx: Tx, subscription: Subscription, row: SubscriptionChange) -> bool:
    if subscription.state == State.CANCELED:
        row.state = "withdrawn"
        return False
    begun = begin_in_advance(tx, subscription, row.effective_on)
    if begun:
        row.state = "done"
    return begun


def _change(tx: Tx, subscription: Subscription, row: SubscriptionChange) -> bool:
    """Its parts have begun by their dates already; the lines follow, and the name of the plan."""
    if subscription.state == State.CANCELED:
        drop_scheduled(tx, subscription.id, "change")
        return False
    row.state = "done"
    subscription.plan_id = row.wish["plan_id"]
    if row.before.get("by") == BY_PLAN and not wished_of(tx, subscription.id, "change"):
        # what follows may last for a while only, too
        limit_time(tx.session, subscription, tx.session.get_one(Plan, subscription.plan_id), row.effective_on)
        rebill(tx, subscription.id)
        tx.session.refresh(subscription)
    look_again(tx, subscription, clock.today_in(subscription.zone))
    reshape(tx, subscription)
    record(tx, subscription, "changed", row.effective_on, plan_id=subscription.plan_id)
    return True
