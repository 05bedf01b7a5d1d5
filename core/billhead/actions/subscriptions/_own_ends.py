"""The end that a plan has by itself, a fixed term or a season, when another plan comes, now or on a day."""

from datetime import date
from typing import Any

from billhead.actions.billing._limits import end_for, following, lasts, limit_time, limit_until
from billhead.actions.billing._rated import DueItem, Part
from billhead.actions.subscriptions._given_since import last_free_time
from billhead.actions.subscriptions._scheduled import BY_PLAN, last_cancel, scheduled_of
from billhead.actions.subscriptions._steps import Steps
from billhead.db import Tx
from billhead.domain.errors import Conflict
from billhead.models.catalogue import Plan
from billhead.models.subscriptions import Subscription, SubscriptionChange

__all__ = ["change_ends", "with_own_end"]


def change_ends(tx: Tx, subscription: Subscription, before: int, plan_id: int, on: date) -> dict[str, Any]:
    """The end that the plan of before had by itself goes with it, the new one brings its own, counted from the day.

    With another term the plan keeps its end, and what follows then has that term too. Returns what taking it back
    needs. The caller has changed the parts already.
    """
    service, billing = subscription.service_ends_on, subscription.billing_ends_on
    told: dict[str, Any] = {
        "service": service.isoformat() if service else None,
        "billing": billing.isoformat() if billing else None,
        "free_time_id": last_free_time(tx, subscription),
        "withdrew": [],
    }
    old, new = tx.session.get_one(Plan, before), tx.session.get_one(Plan, plan_id)
    known = {row.id for row in scheduled_of(tx, subscription.id)}
    followed = [row for row in _waiting(tx, subscription) if row.effective_on >= on]
    for row in followed:
        row.state = "withdrawn"
        told["withdrew"].append(row.id)
    if old is not new:
        if lasts(old) and last_cancel(tx, subscription.id) is None:
            subscription.service_ends_on = subscription.billing_ends_on = None
        limit_time(tx.session, subscription, new, on)
    elif followed:
        limit_until(tx.session, subscription, new, followed[0].effective_on)
    told["follows"] = [row.id for row in scheduled_of(tx, subscription.id) if row.id not in known]
    return told


def _waiting(tx: Tx, subscription: Subscription) -> list[SubscriptionChange]:
    return [row for row in scheduled_of(tx, subscription.id) if row.before.get("by") == BY_PLAN]


def with_own_end(tx: Tx, subscription: Subscription, steps: Steps, on: date) -> Steps:
    """The steps with the end, or with what follows, that `change_ends` sets when they are taken: so what the change
    costs can be told before. Raises Conflict where nothing of the new plan is left on the day."""
    item, ends_on = steps.item, subscription.service_ends_on
    if (item.plan_id, item.term) == (subscription.plan_id, subscription.term):
        return _until_another_follows(tx, subscription, steps, on)
    old, new = tx.session.get_one(Plan, subscription.plan_id), tx.session.get_one(Plan, item.plan_id)
    if old is not new:
        if lasts(old) and last_cancel(tx, subscription.id) is None:
            item, ends_on = item._replace(billing_ends_on=None), None
        end = end_for(new, on)
    else:
        end = next((row.effective_on for row in _waiting(tx, subscription) if row.effective_on >= on), None)
    if end is None:
        return steps._replace(item=item)
    follows = following(tx.session, subscription, new, item.term, end)
    if follows is None or ends_on is not None:
        return steps._replace(item=item._replace(billing_ends_on=min(item.billing_ends_on or end, end)))
    plan, price = follows
    return steps._replace(item=_followed_by(item, end, plan.id, price.id))


def _until_another_follows(tx: Tx, subscription: Subscription, steps: Steps, on: date) -> Steps:
    """More or fewer of the plan that is there end with it."""
    end = next((row.effective_on for row in _waiting(tx, subscription)), None)
    if end is None or not any(one.kind == "plan" for one in steps.adds):
        return steps
    if end <= on:
        plan = tx.session.get_one(Plan, subscription.plan_id)
        raise Conflict(f"{plan.name} is over since {end}", code="subscription_ended")
    adds = tuple(one._replace(ends_on=end) if one.kind == "plan" else one for one in steps.adds)
    parts = tuple(
        part._replace(ends_on=end) if (part.component_id or 0) < 0 and part.kind == "plan" else part
        for part in steps.item.parts
    )
    return steps._replace(item=steps.item._replace(parts=parts), adds=adds)


def _followed_by(item: DueItem, end: date, plan_id: int, price_id: int) -> DueItem:
    new = min([0, *(part.component_id or 0 for part in item.parts)]) - 1  # below zero, as of all that is new
    goes = [part._replace(ends_on=end) if part.kind == "plan" and part.ends_on is None else part for part in item.parts]
    return item._replace(parts=(*goes, Part(new, plan_id, price_id, 1, end, kind="plan")))
