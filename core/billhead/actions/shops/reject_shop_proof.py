"""Tell a customer of the own shop why what they sent shows no payment. Who has seen the money books it instead."""

from billhead.actions.payments.reject_proof import ProofRejected, reject_proof
from billhead.actions.shops._own import for_buyer
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.models.banking import TransferProof

__all__ = ["reject_shop_proof"]


@verb("shops.reject_proof")
def reject_shop_proof(tx: Tx, reseller_id: int, proof_id: int, answer: str) -> ProofRejected:
    """Raises NotFound (also for another shop's, or one of the operator's), NotAllowed (suspended, no right to a shop),
    and what `reject_proof` refuses."""
    row = tx.session.get(TransferProof, proof_id)
    buyer = row.customer_id if row is not None else None
    staff = for_buyer(tx, reseller_id, buyer, "payments.write", "proof", proof_id)
    return reject_proof(staff, proof_id, answer)
