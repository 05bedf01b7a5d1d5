"""An event is called off: nobody can buy it any more, and all buyers get back what they paid."""

from dataclasses import dataclass

from billhead import clock
from billhead.actions.scheduling import enqueue
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.models.catalogue import Plan

__all__ = ["CalledOff", "call_off"]


@dataclass(frozen=True, slots=True)
class CalledOff:
    plan_id: int
    job_id: int


@verb("entitlements.call_off", permission="money.correct")
def call_off(tx: Tx, plan_id: int, *, reason: str) -> CalledOff:
    """Take it out of sale and queue what gives all buyers their money back (`refund_event`); asked for twice, it does
    nothing twice. Raises NotFound, InvalidInput (no reason), Conflict for what is no single sale."""
    if not reason.strip():
        raise InvalidInput("reason", "is needed: it stands on the credit notes")
    plan = tx.session.get(Plan, plan_id, with_for_update=True, populate_existing=True)
    if plan is None:
        raise NotFound("plan", plan_id)
    if plan.kind not in ("ppv", "rental"):
        raise Conflict(f"{plan.name} is a subscription: cancel it for those who have it")
    plan.retired = True
    plan.details = {**plan.details, "called_off": clock.business_now().isoformat()}
    job_id = enqueue(
        tx, "entitlements.refund_event", {"plan_id": plan_id, "reason": reason}, key=f"refund_event:{plan_id}"
    )
    return CalledOff(plan_id, job_id)
