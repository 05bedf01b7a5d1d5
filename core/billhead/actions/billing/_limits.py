"""How long a plan lasts at most: a fixed term from its first paid day, or the end of the season."""

from datetime import date

from sqlalchemy.orm import Session

from billhead.domain.errors import Conflict
from billhead.domain.periods import Term, cycle_start
from billhead.models.catalogue import Plan
from billhead.models.subscriptions import Subscription

__all__ = ["ends_on", "limit_time"]


def ends_on(plan: Plan, first_paid: date) -> date | None:
    """The first day on which the plan is over for somebody who pays from `first_paid` on; None: it goes on."""
    ends = [plan.season_ends_on] if plan.season_ends_on else []
    if plan.fixed_term:
        ends.append(cycle_start(first_paid, Term.parse(plan.fixed_term), 1))
    return min(ends, default=None)


def limit_time(session: Session, subscription: Subscription, plan: Plan, first_paid: date) -> None:
    """Set the end of a subscription that begins. An earlier one, because it was canceled already, stays."""
    end = ends_on(plan, first_paid)
    if end is None:
        return
    if end <= first_paid:
        raise Conflict(
            f"{plan.name} is over since {end}",
            code="subscription_ended",
            hint="book the money as the customer's credit",
        )
    subscription.billing_ends_on = min(subscription.billing_ends_on or end, end)
    subscription.service_ends_on = min(subscription.service_ends_on or end, end)
    session.flush()
