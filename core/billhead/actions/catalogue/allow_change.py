"""Say when one plan may be changed for another: at once, at the end of the term, never, or as the prices have it."""

from dataclasses import dataclass

from sqlalchemy import delete

from billhead.actions.catalogue._versions import normal_term
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.changes import When
from billhead.domain.errors import InvalidInput, NotFound
from billhead.models.catalogue import Plan, PlanChange

__all__ = ["ChangeAllowed", "allow_change"]


@dataclass(frozen=True, slots=True)
class ChangeAllowed:
    """`rule_id` is None when the rule is gone, and the prices decide again."""

    from_plan_id: int
    rule_id: int | None


@verb("catalogue.allow_change", permission="catalogue.write")
def allow_change(tx: Tx, from_plan_id: int, to_plan_id: int, term: str, allowed: str) -> ChangeAllowed:
    """`term` is that of the new plan, "" any; `allowed`: immediate, end_of_term, forbidden, or "" for no rule.

    Raises NotFound, or InvalidInput for another seller's plan, a term or a word that there is not.
    """
    session = tx.session
    old, new = session.get(Plan, from_plan_id, with_for_update=True), session.get(Plan, to_plan_id)
    if old is None or new is None:
        raise NotFound("plan", from_plan_id if old is None else to_plan_id)
    if old.seller_id != new.seller_id:
        raise InvalidInput("to_plan", f"{new.code} is not this seller's")
    if allowed not in ("", *(when.value for when in When)):
        raise InvalidInput("allowed", f"{allowed!r} is not one of {', '.join(when.value for when in When)}")
    term = normal_term(term)
    if old is new and not term:
        raise InvalidInput("to_plan", "from a plan to itself only the term can change", hint="give the term")
    same = (PlanChange.from_plan_id == from_plan_id, PlanChange.to_plan_id == to_plan_id, PlanChange.term == term)
    session.execute(delete(PlanChange).where(*same))
    if not allowed:
        return ChangeAllowed(from_plan_id, None)
    rule = PlanChange(from_plan_id=from_plan_id, to_plan_id=to_plan_id, term=term, allowed=allowed)
    session.add(rule)
    session.flush()
    return ChangeAllowed(from_plan_id, rule.id)
