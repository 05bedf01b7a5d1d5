"""Money goes back to its source: the row that is committed before the gateway hears of it, and its job."""

import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from billhead import clock
from billhead.actions.ledger.post import post
from billhead.actions.resellers._given import follow_money
from billhead.actions.scheduling import enqueue
from billhead.db import Tx
from billhead.domain.errors import Conflict, NotFound
from billhead.domain.ledger import AccountCode, Posting, credit
from billhead.domain.money import Money
from billhead.domain.payment import PaymentState, RefundState
from billhead.models.payments import GatewayAccount, Payment, Refund
from billhead.models.sellers import Seller
from billhead.plugin_host import gateway_abilities

__all__ = ["Taken", "can_return", "locked_payment", "money_of", "plan_refund", "refundable", "subject_of"]

Taken = tuple[str, int, int]
"""("document" | "credit" | "note", its id, minor units): where money was before it was taken for a refund. "bonus" is
what went with it of a gift, and no money."""


def money_of(taken: Sequence[Sequence[Any]]) -> int:
    """Minor units of the payment that were taken."""
    return sum(int(minor) for what, _, minor in taken if what != "bonus")


def locked_payment(tx: Tx, payment_id: int) -> Payment:
    """The payment, locked, as it stands now. Raises NotFound also outside of what this actor may see."""
    tx.session.flush()
    payment = tx.session.get(Payment, payment_id, with_for_update=True, populate_existing=True)
    scope = tx.ctx.scope
    if payment is None or not (scope.everything or scope.customer_id == payment.customer_id):
        raise NotFound("payment", payment_id)
    return payment


def refundable(payment: Payment) -> int:
    """Minor units that can still go back to the source: what is on its way there counts as gone."""
    return payment.amount_minor - payment.refunded_minor if payment.state == PaymentState.RECEIVED else 0


def can_return(tx: Tx, payment: Payment, minor: int) -> str:
    """How so much gets back to the source: "gateway", "by_hand" (a person sends it), or "" where nobody can."""
    account = tx.session.get_one(GatewayAccount, payment.account_id)
    able = gateway_abilities(account.gateway)
    if able.refund and (able.partial_refund or minor == payment.amount_minor):
        return "gateway"
    return "by_hand" if able.confirmed_by_staff else ""


def subject_of(payment: Payment) -> str:
    return f"gateway:{payment.account_id}"


def plan_refund(
    tx: Tx,
    payment: Payment,
    legs: Sequence[Posting],
    taken: Sequence[Taken],
    *,
    reason: str,
    credit_note_id: int | None = None,
    send: bool = True,
) -> Refund:
    """The intent to send back what was `taken`, booked from the debit `legs` to refunds payable; the payment is locked.

    A gateway that can refund is told by a job (unless `send` is false: the money has left already). Otherwise a person
    sends the money and confirms it.
    """
    minor = money_of(taken)
    if minor > refundable(payment):
        left = Money(max(refundable(payment), 0), payment.currency)
        raise Conflict(f"only {left} of this payment can still go back", code="refund_too_large")
    by_hand = can_return(tx, payment, minor) == "by_hand"
    count = tx.session.scalar(select(func.count()).select_from(Refund).where(Refund.payment_id == payment.id))
    refund = Refund(
        payment_id=payment.id,
        key=f"pay{payment.id}-r{int(count or 0) + 1}-{secrets.token_hex(3)}",
        amount_minor=minor,
        reason=reason,
        state=(RefundState.PROCESSING if by_hand else RefundState.CREATED).value,
        taken=[list(one) for one in taken],
        credit_note_id=credit_note_id,
        created_at=clock.business_now(),
    )
    tx.session.add(refund)
    payment.refunded_minor += minor
    tx.session.flush()
    account = tx.session.get_one(GatewayAccount, payment.account_id)
    seller = tx.session.get_one(Seller, account.seller_id)
    amount = Money(minor, payment.currency)
    refund.taken_entry_id = post(
        tx,
        seller.id,
        "refund",
        clock.today_in(seller.zone),
        f"refund:{refund.id}",
        [*legs, credit(AccountCode.REFUNDS_PAYABLE, amount, subject_of(payment))],
        customer_id=payment.customer_id,
    )
    if send and not by_hand:
        enqueue(tx, "payments.refund", {"refund_id": refund.id}, key=f"refund:{refund.id}")
    follow_money(tx, [key for what, key, _ in taken if what == "document"], reason)
    return refund
