"""Staff have looked at a proof, and have seen the money: it is booked with the amount that really came."""

from dataclasses import dataclass

from billhead.actions.payments._attempts import document_ids_of, documents_of
from billhead.actions.payments._book import Receipt, book
from billhead.actions.payments._proofs import waiting_proof
from billhead.actions.payments._transfers import answer_proofs, manual_account, new_reference, succeed
from billhead.actions.subscriptions._offers import locked_to_pay
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput
from billhead.domain.money import Money
from billhead.domain.payment import UNRESOLVED, AttemptState
from billhead.models.payments import PaymentAttempt

__all__ = ["ProofApproved", "approve_proof"]


@dataclass(frozen=True, slots=True)
class ProofApproved:
    transfer_proof_id: int
    payment_id: int


@verb("payments.approve_proof", permission="payments.write")
def approve_proof(tx: Tx, proof_id: int, amount_minor: int, reference: str) -> ProofApproved:
    """Book what came, in the currency that was asked for. Less than an invoice pays a part of it; less than an order
    becomes credit, which the next payment of it takes along; more becomes credit as well.

    `reference` is the bank's own, so that the statement's entry is known by it. Raises NotFound, InvalidInput, or
    Conflict: answered already, or booked already.
    """
    proof = waiting_proof(tx, proof_id)
    if amount_minor <= 0:
        raise InvalidInput("amount", "must be above zero")
    attempt = tx.session.get_one(PaymentAttempt, proof.attempt_id, with_for_update=True, populate_existing=True)
    if AttemptState(attempt.state) not in UNRESOLVED:
        raise Conflict("this payment is decided already", hint="reject the proof, or leave it")
    account = manual_account(tx, attempt.account_id)
    found = new_reference(tx, account.id, reference)
    succeed(attempt)
    receipt = Receipt(account, Money(amount_minor, attempt.currency), found, attempt.id)
    locked_to_pay(tx, document_ids_of(tx, attempt))
    payment = book(tx, documents_of(tx, attempt), receipt)
    answer_proofs(tx, payment)
    return ProofApproved(proof_id, payment.id)
