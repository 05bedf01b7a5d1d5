"""A person has sent a refund by hand, or could not; or knows how one ended that the gateway can't tell about."""

from dataclasses import dataclass

from billhead.actions.payments._refund_outcome import apply_refund_outcome, being_sent, locked_refund
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.domain.payment import AttemptState, RefundState
from billhead.models.payments import Refund
from billhead.plugin import Outcome

__all__ = ["ClosedRefund", "close_refund"]

_OUTCOMES = {"sent": AttemptState.SUCCEEDED, "failed": AttemptState.FAILED}


@dataclass(frozen=True, slots=True)
class ClosedRefund:
    refund_id: int
    state: str


@verb("payments.close_refund", permission="money.refund")
def close_refund(tx: Tx, refund_id: int, outcome: str, reference: str = "") -> ClosedRefund:
    """`sent` with the bank's reference, or `failed`: then the money goes back to where it was taken from.

    One that had been sent and has come back is `failed` as well. Raises NotFound, InvalidInput, or Conflict when it is
    about to be sent by its gateway.
    """
    if outcome not in _OUTCOMES:
        raise InvalidInput("outcome", f"{outcome!r} is not one of {', '.join(_OUTCOMES)}")
    reference = reference.strip()
    if outcome == "sent" and not reference:
        raise InvalidInput("reference", "is needed: the line of the statement, or the transfer's id")
    refund = tx.session.get(Refund, refund_id)
    if refund is None:
        raise NotFound("refund", refund_id)
    refund, _ = locked_refund(tx, refund)
    if refund.state == RefundState.CREATED or being_sent(refund):
        raise Conflict("its gateway is about to send it", hint="wait until it has ended")
    apply_refund_outcome(tx, refund, Outcome(_OUTCOMES[outcome], reference, code="by_hand" * (outcome == "failed")))
    return ClosedRefund(refund_id, refund.state)
