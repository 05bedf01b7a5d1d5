"""How long a plan lasts at most, a fixed term from its first paid day or the end of the season, and what follows."""

from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.catalogue.prices_for import Audience, prices_for
from billhead.domain.errors import Conflict
from billhead.domain.periods import Term, cycle_start
from billhead.models.catalogue import Plan, Price
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription, SubscriptionChange, SubscriptionComponent

__all__ = ["end_for", "ends_on", "following", "lasts", "limit_time", "limit_until", "part_ends"]


def ends_on(plan: Plan, first_paid: date) -> date | None:
    """The first day on which the plan is over for somebody who pays from `first_paid` on; None: it goes on."""
    ends = [plan.season_ends_on] if plan.season_ends_on else []
    if plan.fixed_term:
        ends.append(cycle_start(first_paid, Term.parse(plan.fixed_term), 1))
    return min(ends, default=None)


def lasts(plan: Plan) -> bool:
    """Has the plan an end of its own?"""
    return bool(plan.fixed_term or plan.season_ends_on)


def part_ends(session: Session, subscription_id: int, day: date) -> date | None:
    """When the first of the parts that hold on the day ends: nothing is sold beyond it in one period."""
    part = SubscriptionComponent
    return session.scalar(
        select(func.min(part.ends_on)).where(
            part.subscription_id == subscription_id, part.starts_on <= day, part.ends_on > day
        )
    )


def limit_time(session: Session, subscription: Subscription, plan: Plan, first_paid: date) -> None:
    """Set what comes at the end of a plan that lasts so long: another plan, or nothing.

    An earlier end, because it was canceled already, stays.
    """
    end = end_for(plan, first_paid)
    if end is not None:
        limit_until(session, subscription, plan, end)


def end_for(plan: Plan, first_paid: date) -> date | None:
    """As `ends_on`. Raises Conflict where none of it is left by then."""
    end = ends_on(plan, first_paid)
    if end is not None and end <= first_paid:
        hint = "book the money as the customer's credit"
        raise Conflict(f"{plan.name} is over since {end}", code="subscription_ended", hint=hint)
    return end


def limit_until(session: Session, subscription: Subscription, plan: Plan, end: date) -> None:
    """As `limit_time`, for an end that is known."""
    follows = following(session, subscription, plan, subscription.term, end)
    if follows is not None and subscription.service_ends_on is None:
        _let_follow(session, subscription, follows, end)
    else:
        subscription.billing_ends_on = min(subscription.billing_ends_on or end, end)
        subscription.service_ends_on = min(subscription.service_ends_on or end, end)
    session.flush()


def following(
    session: Session, subscription: Subscription, plan: Plan, term: str, end: date
) -> tuple[Plan, Price] | None:
    """What follows, if it is still sold for that term and not over by then. Otherwise the plan just ends."""
    then = session.get(Plan, plan.then_plan_id) if plan.then_plan_id is not None else None
    if then is None or then.retired or (ends_on(then, end) or date.max) <= end:
        return None
    customer = session.get_one(Customer, subscription.customer_id)
    sold = prices_for(session, Audience.of(customer), [then.id]).get((then.id, term))
    return None if sold is None else (then, sold.price)


def _let_follow(session: Session, subscription: Subscription, follows: tuple[Plan, Price], on: date) -> None:
    """As a change that was scheduled for the day: it is billed by the parts' dates, and the lines follow."""
    (plan, price), part = follows, SubscriptionComponent
    old = session.scalars(
        select(part).where(part.subscription_id == subscription.id, part.kind == "plan", part.ends_on.is_(None))
    ).all()
    for one in old:
        one.ends_on = on
    new = part(subscription_id=subscription.id, plan_id=plan.id, price_id=price.id, kind="plan", starts_on=on)
    session.add(new)
    session.flush()
    before = {"term": subscription.term, "anchor": subscription.anchor.isoformat(), "ended": [one.id for one in old]}
    session.add(
        SubscriptionChange(
            subscription_id=subscription.id,
            kind="change",
            state="scheduled",
            effective_on=on,
            wish={"plan_id": plan.id, "plan": plan.code, "term": subscription.term},
            before={**before, "added": [new.id], "by": "plan"},
            recorded_at=clock.now(),
        )
    )
