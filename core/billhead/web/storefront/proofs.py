"""The instructions for a transfer, and what the customer sends to show that they have made it."""

from typing import Any

from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from billhead.actions.payments.send_proof import LARGEST_PROOF, send_proof
from billhead.db import reading, writing
from billhead.domain.errors import BillheadError, NotFound
from billhead.domain.payment import UNRESOLVED, AttemptState
from billhead.domain.rights import BUYERS
from billhead.models.banking import TransferProof
from billhead.models.payments import PaymentAttempt
from billhead.plugin import allow
from billhead.web.downloads import strangers_file
from billhead.web.errors import refusal
from billhead.web.pages import page
from billhead.web.request_context import current_customer_id, submit_ctx
from billhead.web.speaking import say
from billhead.web.storefront.blueprint import storefront
from billhead.web.storefront.payment_options import by_hand

__all__ = ["instructions_of"]


def instructions_of(attempt: PaymentAttempt, problem: str = "") -> dict[str, Any]:
    """What `storefront/instructions.html` needs."""
    with reading() as session:
        proofs = session.scalars(
            select(TransferProof).where(TransferProof.attempt_id == attempt.id).order_by(TransferProof.id.desc())
        ).all()
        shows = by_hand(session, attempt.account_id)
    told = {"attempt": attempt, "lines": attempt.action["lines"], "problem": problem}
    return {**told, "proofs": proofs, "takes_proof": shows, "largest_mb": LARGEST_PROOF // 1024**2}


def _own_attempt(attempt_id: int) -> PaymentAttempt:
    with reading() as session:
        attempt = session.get(PaymentAttempt, attempt_id)
    if attempt is None or attempt.customer_id != current_customer_id():
        raise NotFound("payment", attempt_id)
    return attempt


@storefront.post("/pay/on/<int:attempt_id>/proof")
@allow(*BUYERS, permission="own.pay")
def show_proof(attempt_id: int) -> ResponseReturnValue:
    attempt = _own_attempt(attempt_id)
    name, data = _sent()
    try:
        with writing(submit_ctx()) as tx:
            send_proof(tx, attempt_id, name, data)
    except BillheadError as refused:
        shows = attempt.action.get("kind") == "instructions" and AttemptState(attempt.state) in UNRESOLVED
        if not shows:
            raise
        problem, status = refusal(refused)
        return page("storefront/instructions.html", **instructions_of(attempt, problem)), status
    flash(say("Thank you. We look at it and write to you."), "good")
    return redirect(url_for("storefront.lead_on", attempt_id=attempt_id), 303)


def _sent() -> tuple[str, bytes]:
    """Name and content, read no further than a byte over the limit; nothing of it stays in a temporary file."""
    sent = request.files.get("proof")
    if sent is None:
        return "", b""
    data = sent.read(LARGEST_PROOF + 1)
    sent.close()
    return sent.filename or "", data


@storefront.get("/pay/proofs/<int:proof_id>")
@allow(*BUYERS, permission="own.pay")
def own_proof(proof_id: int) -> Response:
    with reading() as session:
        proof = session.get(TransferProof, proof_id)
        if proof is None or proof.customer_id != current_customer_id():
            raise NotFound("file", proof_id)
        return strangers_file(proof)
