"""What was planned begins: a change of plan reaches the lines, a hold begins or ends, billing is in advance."""

from datetime import date

from sqlalchemy import select

from billhead import clock
from billhead.actions.billing._limits import limit_time
from billhead.actions.billing.rebill import rebill
from billhead.actions.fraud._case import held_by_review
from billhead.actions.subscriptions._extending import ends_of, extend, runs_until
from billhead.actions.subscriptions._holding import begin_hold, way_of
from billhead.actions.subscriptions._scheduled import BY_PLAN, scheduled_of, wished_of
from billhead.actions.subscriptions._shape import reshape
from billhead.actions.subscriptions._state import record
from billhead.actions.subscriptions._taking_steps import look_again
from billhead.actions.subscriptions._timing import begin_in_advance
from billhead.actions.subscriptions.resume import resume
from billhead.db import Tx
from billhead.domain.subscription import State, SuspendedBy
from billhead.models.catalogue import Plan
from billhead.models.subscriptions import Subscription, SubscriptionChange

__all__ = ["begin", "begin_changes"]


def begin_changes(tx: Tx, subscription: Subscription) -> None:
    """Changes whose day has come are plans no more: their parts are billed by their dates, perhaps already, before the
    hour in which the calendar gets to them. For whoever would take back what is planned."""
    today = clock.today_in(subscription.zone)
    due = [row for row in scheduled_of(tx, subscription.id) if row.kind == "change" and row.effective_on <= today]
    if due and tx.session.scalar(select(held_by_review()).where(Subscription.id == subscription.id)):
        return
    for row in due:
        begin(tx, subscription, row)


def begin(tx: Tx, subscription: Subscription, row: SubscriptionChange) -> bool:
    """What has come to its day, of a locked subscription; whether it could."""
    if row.kind == "change":
        return _change(tx, subscription, row)
    if row.kind == "timing":
        begun = begin_in_advance(tx, subscription, row.effective_on)
        row.state = "done" if begun else row.state
        return begun
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


def _change(tx: Tx, subscription: Subscription, row: SubscriptionChange) -> bool:
    """Its parts have begun by their dates already; the lines follow, and the name of the plan."""
    row.state = "done"
    ends = ends_of(tx, subscription)
    subscription.plan_id = row.wish["plan_id"]
    if row.before.get("by") == BY_PLAN and not wished_of(tx, subscription.id, "change"):
        # what follows may last for a while only, too
        limit_time(tx.session, subscription, tx.session.get_one(Plan, subscription.plan_id), row.effective_on)
        rebill(tx, subscription.id)
        tx.session.refresh(subscription)
    days = extend(tx, subscription, ends)
    look_again(tx, subscription, clock.today_in(subscription.zone))
    reshape(tx, subscription)
    told = {"days": days, "until": runs_until(subscription).isoformat()} if days else {}
    record(tx, subscription, "changed", row.effective_on, plan_id=subscription.plan_id, **told)
    return True
