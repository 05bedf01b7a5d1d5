"""Take a plan out of the shop, or put it back. Who has it keeps it."""

from dataclasses import dataclass

from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import NotFound
from billhead.models.catalogue import Plan

__all__ = ["PlanRetired", "retire_plan"]


@dataclass(frozen=True, slots=True)
class PlanRetired:
    plan_id: int
    retired: bool


@verb("catalogue.retire_plan", permission="catalogue.write")
def retire_plan(tx: Tx, plan_id: int, retired: bool) -> PlanRetired:
    """A retired plan is not sold any more; its subscriptions renew as before."""
    plan = tx.session.get(Plan, plan_id, with_for_update=True)
    if plan is None:
        raise NotFound("plan", plan_id)
    plan.retired = retired
    return PlanRetired(plan_id, retired)
