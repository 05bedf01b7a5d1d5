"""The rules for changes of plan, read for the two plans that are asked about."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.domain.changes import ChangeRule, Offering, When, allowed_change
from billhead.domain.periods import Term
from billhead.models.catalogue import Plan, PlanChange

__all__ = ["when_allowed"]


def when_allowed(session: Session, old: Offering, new: Offering) -> When:
    """When a subscription may change from what it has to the new plan or term, by the operator's rules."""
    rows = session.scalars(
        select(PlanChange).where(PlanChange.from_plan_id == old.plan_id, PlanChange.to_plan_id == new.plan_id)
    )
    rules = [
        ChangeRule(row.from_plan_id, row.to_plan_id, Term.parse(row.term) if row.term else None, When(row.allowed))
        for row in rows
    ]
    plan = session.get_one(Plan, new.plan_id)
    if not rules and new.plan_id != old.plan_id and (plan.fixed_term or plan.season_ends_on):
        return When.FORBIDDEN  # an introductory price is for who comes, unless a rule says otherwise
    usual = session.get_one(Plan, old.plan_id).details.get("changes")
    return allowed_change(old, new, rules, When(usual) if usual else None)
