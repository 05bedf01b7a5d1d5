"""Give one buyer back what they paid, for a good reason or because an event was over before their money came."""

from dataclasses import dataclass

from billhead.actions.entitlements._giving_back import give_back
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.entitlement import State
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.models.entitlements import Entitlement

__all__ = ["OneRefunded", "refund_one"]


@dataclass(frozen=True, slots=True)
class OneRefunded:
    """`credited_minor` became the customer's credit; what was not billed yet is dropped."""

    entitlement_id: int
    credited_minor: int


@verb("entitlements.refund_one", permission="money.correct")
def refund_one(tx: Tx, entitlement_id: int, *, reason: str) -> OneRefunded:
    """Raises NotFound, InvalidInput (no reason), or Conflict when it is given back already or its invoice a draft."""
    if not reason.strip():
        raise InvalidInput("reason", "is needed: it stands on the credit note")
    one = tx.session.get(Entitlement, entitlement_id, with_for_update=True, populate_existing=True)
    if one is None:
        raise NotFound("purchase", entitlement_id)
    if one.state not in (State.OFFERED, State.ACTIVE):
        raise Conflict(f"it is {one.state}: there is nothing to give back")
    return OneRefunded(entitlement_id, give_back(tx, one, reason))
