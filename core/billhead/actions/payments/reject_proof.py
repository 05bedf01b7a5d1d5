"""A proof shows no payment that has arrived: the customer is told why, and may send another."""

from dataclasses import dataclass

from billhead import clock
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.payments._proofs import waiting_proof
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput

__all__ = ["ProofRejected", "reject_proof"]


@dataclass(frozen=True, slots=True)
class ProofRejected:
    transfer_proof_id: int
    customer_id: int


@verb("payments.reject_proof", permission="payments.write")
def reject_proof(tx: Tx, proof_id: int, answer: str) -> ProofRejected:
    """`answer` is what the customer reads. The attempt goes on waiting for its money.

    Raises NotFound, InvalidInput (no answer), or Conflict when it is answered already.
    """
    answer = answer.strip()
    if not answer:
        raise InvalidInput("answer", "is needed: the customer is told why")
    proof = waiting_proof(tx, proof_id)
    proof.state, proof.answer, proof.answered_at = "rejected", answer[:500], clock.now()
    queue_notice(tx, proof.customer_id, "proof_rejected", f"proof_rejected:{proof.id}", {"proof_id": proof.id})
    return ProofRejected(proof.id, proof.customer_id)
