"""How many days before a period begins a plan is billed, by the term that somebody has."""

from collections.abc import Mapping
from dataclasses import dataclass

from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotFound
from billhead.domain.periods import Term
from billhead.models.catalogue import Plan

__all__ = ["LeadDaysSet", "set_lead_days"]

_LONGEST = 365


@dataclass(frozen=True, slots=True)
class LeadDaysSet:
    plan_id: int


@verb("catalogue.set_lead_days", permission="catalogue.write")
def set_lead_days(tx: Tx, plan_id: int, days: Mapping[str, int]) -> LeadDaysSet:
    """`days` by term as in the price list ("1 year"), "" for any other; none at all: the seller's rule.

    It holds from each subscription's next period on. Raises NotFound, or InvalidInput at `days`.
    """
    plan = tx.session.get(Plan, plan_id, with_for_update=True)
    if plan is None:
        raise NotFound("plan", plan_id)
    for term, ahead in days.items():
        if term:
            Term.parse(term)
        if type(ahead) is not int or not 0 <= ahead <= _LONGEST:
            raise InvalidInput("days", f"must be from 0 to {_LONGEST}, got {ahead!r} for {term or 'any term'}")
    note(tx, f"plan:{plan_id}", before=dict(plan.lead_days), after=dict(days))
    plan.lead_days = dict(days)
    return LeadDaysSet(plan_id)
