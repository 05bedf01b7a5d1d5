"""Let a suspended reseller act again; lines that were stopped with it run again."""

from dataclasses import dataclass

from billhead.actions.resellers._tree import STOPPED, check_operators, lock_below
from billhead.actions.scheduling import enqueue
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict

__all__ = ["ResellerResumed", "resume_reseller"]


@dataclass(frozen=True, slots=True)
class ResellerResumed:
    reseller_id: int


@verb("resellers.resume_reseller")
def resume_reseller(tx: Tx, reseller_id: int) -> ResellerResumed:
    """Lines that somebody had disabled on their own stay so. Raises NotFound, NotAllowed, or Conflict (it acts)."""
    reseller = lock_below(tx, reseller_id)
    if not reseller.suspended:
        raise Conflict(f"{reseller.name} is not suspended")
    check_operators(tx, reseller)
    stopped = reseller.suspended_lines == STOPPED
    reseller.suspended, reseller.suspended_lines, reseller.suspended_by_operator = False, "", False
    if stopped:
        enqueue(tx, "resellers.follow_suspension", {"reseller_id": reseller.id}, key=f"follow_suspension:{reseller.id}")
    return ResellerResumed(reseller.id)
