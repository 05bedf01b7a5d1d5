"""Money that a person has seen arrive: through which account it may be booked, that it is booked once, and what it
settles of what the customer was told and has sent."""

from collections.abc import Sequence

from sqlalchemy import or_, select, update

from billhead import clock
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.domain.payment import ATTEMPT_TRANSITIONS, UNRESOLVED, AttemptEvent, AttemptState
from billhead.domain.state import next_state
from billhead.models.banking import TransferProof
from billhead.models.payments import AttemptDocument, GatewayAccount, Payment, PaymentAttempt, UnassignedMoney
from billhead.plugin_host import plugins

__all__ = ["announced", "answer_proofs", "manual_account", "new_reference", "succeed"]


def manual_account(tx: Tx, account_id: int, seller_id: int | None = None) -> GatewayAccount:
    """Raises NotFound (also for another seller's), or Conflict when its gateway reports payments by itself."""
    account = tx.session.get(GatewayAccount, account_id)
    if account is None or (seller_id is not None and account.seller_id != seller_id):
        raise NotFound("payment account", account_id)
    if not plugins().gateway(account.gateway).capabilities().confirmed_by_staff:
        raise Conflict(f"{account.name} reports payments by itself", hint="look the payment up instead")
    return account


def new_reference(tx: Tx, account_id: int, reference: str) -> str:
    """The reference without blanks around it. Raises InvalidInput (none), or Conflict when it is booked already."""
    reference = reference.strip()
    if not reference:
        raise InvalidInput("reference", "is needed, so that the same transfer is never booked twice")
    booked = select(Payment.id).where(Payment.account_id == account_id, Payment.provider_ref == reference)
    waits = select(UnassignedMoney.id).where(
        UnassignedMoney.account_id == account_id, UnassignedMoney.provider_ref == reference
    )
    if tx.session.scalar(booked) is not None or tx.session.scalar(waits) is not None:
        raise Conflict(f"a transfer with reference {reference!r} is booked already", code="booked_already")
    return reference


def announced(tx: Tx, document_ids: Sequence[int], account_id: int) -> PaymentAttempt | None:
    """The newest attempt with which the customer was given the transfer data, locked, if there is one.

    Ask before the documents are locked: an attempt is locked before what it pays, as by everybody who books for one.
    Who books the transfer lets it `succeed`.
    """
    also = select(AttemptDocument.attempt_id).where(AttemptDocument.document_id.in_(document_ids))
    return tx.session.scalar(
        select(PaymentAttempt)
        .where(
            or_(PaymentAttempt.document_id.in_(document_ids), PaymentAttempt.id.in_(also)),
            PaymentAttempt.account_id == account_id,
            PaymentAttempt.state.in_([s.value for s in UNRESOLVED]),
        )
        .order_by(PaymentAttempt.id.desc())
        .limit(1)
        .with_for_update()
    )


def succeed(attempt: PaymentAttempt) -> None:
    """Its money was seen: nobody looks for it any more."""
    attempt.state = next_state(ATTEMPT_TRANSITIONS, AttemptState(attempt.state), AttemptEvent.SUCCEED).value
    attempt.resolved_at, attempt.next_look_at = clock.business_now(), None


def answer_proofs(tx: Tx, payment: Payment) -> None:
    """What the customer has sent to show this transfer is answered by its payment."""
    if payment.attempt_id is None:
        return
    tx.session.execute(
        update(TransferProof)
        .where(TransferProof.attempt_id == payment.attempt_id, TransferProof.state == "waiting")
        .values(state="approved", payment_id=payment.id, answered_at=clock.now())
    )
