"""A proof that nobody has answered yet, locked: of two colleagues one answers it."""

from billhead.db import Tx
from billhead.domain.errors import Conflict, NotFound
from billhead.models.banking import TransferProof

__all__ = ["waiting_proof"]


def waiting_proof(tx: Tx, proof_id: int) -> TransferProof:
    """Raises NotFound, or Conflict when it is answered already."""
    proof = tx.session.get(TransferProof, proof_id, with_for_update=True, populate_existing=True)
    if proof is None:
        raise NotFound("proof", proof_id)
    if proof.state != "waiting":
        raise Conflict(f"this proof is {proof.state} already", code="answered_already")
    return proof
