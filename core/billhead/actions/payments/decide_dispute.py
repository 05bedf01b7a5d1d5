"""A dispute was decided, and staff know how."""

from dataclasses import dataclass

from billhead.actions.payments._disputing import close_dispute
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotFound
from billhead.domain.payment import DisputeEvent
from billhead.models.payments import Dispute

__all__ = ["Decided", "decide_dispute"]

_EVENTS = {"won": DisputeEvent.WIN, "lost": DisputeEvent.LOSE}


@dataclass(frozen=True, slots=True)
class Decided:
    dispute_id: int
    state: str


@verb("payments.decide_dispute", permission="money.dispute")
def decide_dispute(tx: Tx, dispute_id: int, outcome: str) -> Decided:
    """`won`: the money is here again and pays what it had paid. `lost`: it stays gone, and what it paid is owed."""
    if outcome not in _EVENTS:
        raise InvalidInput("outcome", f"{outcome!r} is not one of {', '.join(_EVENTS)}")
    dispute = tx.session.get(Dispute, dispute_id)
    if dispute is None:
        raise NotFound("dispute", dispute_id)
    close_dispute(tx, dispute, _EVENTS[outcome])
    return Decided(dispute_id, outcome)
