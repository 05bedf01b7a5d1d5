"""The rules for changes of plan, read for the two plans that are asked about."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.domain.changes import ChangeRule, Offering, When, allowed_change
from billhead.domain.periods import Term
from billhead.models.catalogue import Plan, PlanBouquet, PlanChange

__all__ = ["codes_to_try", "is_to_try", "when_allowed"]


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
    for_who_comes = plan.fixed_term or plan.season_ends_on or is_to_try(session, plan)
    if not rules and new.plan_id != old.plan_id and for_who_comes:
        return When.FORBIDDEN  # an introductory price, unless a rule says otherwise
    usual = session.get_one(Plan, old.plan_id).details.get("changes")
    return allowed_change(old, new, rules, When(usual) if usual else None)


def is_to_try(session: Session, plan: Plan) -> bool:
    """A plan that begins with one trial for each person, beside the same one without: who has a plan gains nothing by
    it, since a change brings no trial."""
    if not plan.details.get("once_per_customer"):
        return False
    same = select(Plan).where(
        Plan.seller_id == plan.seller_id,
        Plan.id != plan.id,
        Plan.kind == plan.kind,
        Plan.family == plan.family,
        Plan.tier == plan.tier,
        Plan.connections == plan.connections,
        Plan.retired.is_(False),
    )
    had = _had_of(session, plan)
    without = (one for one in session.scalars(same) if not one.details.get("once_per_customer"))
    return any(_had_of(session, one) == had for one in without)


def codes_to_try(session: Session, seller_id: int) -> set[str]:
    plans = session.scalars(select(Plan).where(Plan.seller_id == seller_id, Plan.retired.is_(False)))
    return {plan.code for plan in plans if is_to_try(session, plan)}


def _had_of(session: Session, plan: Plan) -> tuple[list[tuple[str, str, str]], set[int]]:
    """Its lines and its bouquets."""
    lines = [
        (str(line["kind"]), str(line["panel"]), str(line.get("panel_plan", "")))
        for line in plan.details.get("services", ())
    ]
    bouquets = select(PlanBouquet.bouquet_id).where(PlanBouquet.plan_id == plan.id)
    return lines, set(session.scalars(bouquets))
