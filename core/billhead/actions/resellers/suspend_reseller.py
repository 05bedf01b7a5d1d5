"""Suspend a reseller: it sells and passes on nothing. Its lines run until their time is over, or stop with it."""

from dataclasses import dataclass

from sqlalchemy import func, select

from billhead.actions.resellers._tree import STOPPED, check_operators, lock_below, subtree
from billhead.actions.scheduling import enqueue
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput
from billhead.domain.subscription import RUNNING
from billhead.models.subscriptions import Subscription

__all__ = ["LINES", "ResellerSuspended", "SuspendPreview", "preview_suspend_reseller", "suspend_reseller"]

LINES = ("run_out", STOPPED)


@dataclass(frozen=True, slots=True)
class SuspendPreview:
    """`running`: subscriptions of its subtree that run now; they stop only if that is chosen."""

    below: int
    running: int


@dataclass(frozen=True, slots=True)
class ResellerSuspended:
    reseller_id: int
    lines: str


def preview_suspend_reseller(tx: Tx, reseller_id: int) -> SuspendPreview:
    """Who and what is touched. Raises what `suspend_reseller` raises."""
    lock_below(tx, reseller_id)
    below = tx.session.scalar(select(func.count()).select_from(subtree(reseller_id).subquery())) or 0
    running = select(func.count()).where(
        Subscription.payer_reseller_id.in_(subtree(reseller_id)),
        Subscription.settlement == "credits",
        Subscription.state.in_([state.value for state in RUNNING]),
    )
    return SuspendPreview(int(below) - 1, int(tx.session.scalar(running) or 0))


@verb("resellers.suspend_reseller")
def suspend_reseller(tx: Tx, reseller_id: int, lines: str = "run_out") -> ResellerSuspended:
    """It can't act from now on. `stopped`: the lines of its whole subtree are blocked by a job, until it is resumed,
    and those below it can't act either. Raises NotFound, NotAllowed, InvalidInput or Conflict (it is already)."""
    if lines not in LINES:
        raise InvalidInput("lines", f"{lines!r} is not one of {', '.join(LINES)}")
    reseller = lock_below(tx, reseller_id)
    check_operators(tx, reseller)
    if reseller.suspended and reseller.suspended_lines == lines:
        raise Conflict(f"{reseller.name} is suspended already")
    changed = reseller.suspended_lines != lines
    reseller.suspended, reseller.suspended_lines = True, lines
    reseller.suspended_by_operator = tx.ctx.scope.everything
    if changed:
        enqueue(tx, "resellers.follow_suspension", {"reseller_id": reseller.id}, key=f"follow_suspension:{reseller.id}")
    return ResellerSuspended(reseller.id, lines)
