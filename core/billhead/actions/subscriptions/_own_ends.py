"""The end that a plan has by itself, a fixed term or a season, when another plan comes, now or on a day."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import select

from billhead.actions.billing._limits import end_for, ends_on, following, lasts, limit_until
from billhead.actions.billing._rated import DueItem, Part
from billhead.actions.subscriptions._given_since import last_free_time, length_of
from billhead.actions.subscriptions._scheduled import BY_PLAN, last_cancel, scheduled_of
from billhead.actions.subscriptions._steps import Steps
from billhead.db import Tx
from billhead.domain.errors import Conflict
from billhead.models.catalogue import Plan
from billhead.models.subscriptions import FreeTime, Subscription, SubscriptionChange, SubscriptionComponent

__all__ = ["change_ends", "with_own_end"]


def change_ends(tx: Tx, subscription: Subscription, before: int, plan_id: int, on: date) -> dict[str, Any]:
    """The end that the plan of before had by itself goes with it, the new one brings its own, counted from its first
    day: an earlier one than `on` where it has ended on that day and goes on after all.

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
        back = _plan_since_before(_parts(tx, subscription), on)
        follows = back and _had_followed(tx, subscription, back, on)
        if back and follows:
            _let_follow_again(tx, follows, back)
        elif (end := _end_of(tx, subscription, new, on, back)) is not None:
            limit_until(tx.session, subscription, new, end)
    elif followed:
        limit_until(tx.session, subscription, new, followed[0].effective_on)
    told["follows"] = [row.id for row in scheduled_of(tx, subscription.id) if row.id not in known]
    return told


def _waiting(tx: Tx, subscription: Subscription) -> list[SubscriptionChange]:
    return [row for row in scheduled_of(tx, subscription.id) if row.before.get("by") == BY_PLAN]


def _parts(tx: Tx, subscription: Subscription) -> list[Part]:
    part = SubscriptionComponent
    tx.session.flush()
    columns = part.id, part.plan_id, part.price_id, part.quantity, part.starts_on, part.ends_on, part.kind
    rows = tx.session.execute(select(*columns).where(part.subscription_id == subscription.id).order_by(part.id))
    return [Part(*row) for row in rows]


def _plan_since_before(parts: Sequence[Part], on: date) -> Part | None:
    """The plan that is there on the day and was there before: it has ended on the day, and goes on after all."""
    there = [part for part in parts if part.kind == "plan" and (part.starts_on or on) < on < (part.ends_on or date.max)]
    return there[-1] if there else None


def _had_followed(tx: Tx, subscription: Subscription, back: Part, on: date) -> SubscriptionChange | None:
    """What was to follow on it by itself, until another plan came on the day."""
    change = SubscriptionChange
    rows = tx.session.scalars(
        select(change)
        .where(change.subscription_id == subscription.id, change.state == "withdrawn", change.effective_on > on)
        .order_by(change.id.desc())
    )
    mine = (row for row in rows if row.before.get("by") == BY_PLAN and back.component_id in row.before["ended"])
    return next(mine, None)


def _let_follow_again(tx: Tx, row: SubscriptionChange, back: Part) -> None:
    row.state = "scheduled"
    tx.session.get_one(SubscriptionComponent, back.component_id).ends_on = row.effective_on
    for component_id in row.before["added"]:
        tx.session.get_one(SubscriptionComponent, component_id).ends_on = None


def _end_of(tx: Tx, subscription: Subscription, plan: Plan, on: date, back: Part | None) -> date | None:
    """Counted from the day; of a plan that goes on after all as it was, and later by the days that were given since."""
    if back is None or back.starts_on is None:
        return end_for(plan, on)
    first = max(back.starts_on, subscription.phase_ends_on or back.starts_on)
    row = FreeTime
    given = tx.session.scalars(
        select(row).where(row.subscription_id == subscription.id, row.why == "given", row.starts_on >= first)
    ).all()
    end = ends_on(plan, first)
    end = end and end + length_of(given)
    return end if end is None or end > on else end_for(plan, on)


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
        back = _plan_since_before(item.parts, on)
        former = back and _had_followed(tx, subscription, back, on)
        if back and former:
            return steps._replace(item=_followed_again(item, former, back))
        end = _end_of(tx, subscription, new, on, back)
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


def _followed_again(item: DueItem, row: SubscriptionChange, back: Part) -> DueItem:
    ends = {back.component_id: row.effective_on, **dict.fromkeys(row.before["added"])}
    return item._replace(
        parts=tuple(
            part._replace(ends_on=ends[part.component_id]) if part.component_id in ends else part for part in item.parts
        )
    )
