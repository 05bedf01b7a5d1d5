"""A dispute through its states: the provider takes the money, and it comes back or is lost."""

from typing import Any

from sqlalchemy import select

from billhead import clock
from billhead.actions.credits._top_up import stop_auto_top_up
from billhead.actions.events import emit
from billhead.actions.ledger.post import post
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.payments._policy import MoneyBack, money_back_of
from billhead.actions.payments._putting_back import put_back
from billhead.actions.payments._refunding import locked_payment, refundable, subject_of
from billhead.actions.payments._taking import take_payment
from billhead.actions.payments._time_bought import pull_back_time
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput
from billhead.domain.ledger import AccountCode, Posting, credit, debit
from billhead.domain.money import Money
from billhead.domain.payment import (
    DISPUTE_TRANSITIONS,
    PAYMENT_TRANSITIONS,
    DisputeEvent,
    DisputeState,
    PaymentEvent,
    PaymentState,
)
from billhead.domain.state import next_state
from billhead.models.payments import Dispute, GatewayAccount, Payment
from billhead.models.sellers import Seller

__all__ = ["close_dispute", "find_dispute", "open_dispute"]


def find_dispute(tx: Tx, payment_id: int, provider_ref: str) -> Dispute | None:
    return tx.session.scalar(
        select(Dispute).where(Dispute.payment_id == payment_id, Dispute.provider_ref == provider_ref)
    )


def open_dispute(
    tx: Tx, payment_id: int, minor: int, provider_ref: str, fee_minor: int = 0, reason: str = ""
) -> Dispute:
    """The money is gone from our account at the provider: what it had paid is owed again.

    Raises InvalidInput and Conflict: more than what is left of the payment, or it was charged back before.
    """
    payment = locked_payment(tx, payment_id)
    if payment.state != PaymentState.RECEIVED:
        raise Conflict("this payment was charged back already", code="charged_back")
    if not 0 < minor <= refundable(payment):
        there = Money(refundable(payment), payment.currency)
        raise InvalidInput("amount", f"must be above zero and at most {there}, which is left of the payment")
    if fee_minor < 0:
        raise InvalidInput("fee", "can't be below zero")
    found = take_payment(tx, payment, minor)
    payment.state = next_state(PAYMENT_TRANSITIONS, PaymentState.RECEIVED, PaymentEvent.CHARGE_BACK).value
    dispute = Dispute(
        payment_id=payment.id,
        provider_ref=provider_ref,
        state=DisputeState.OPEN.value,
        amount_minor=minor,
        fee_minor=fee_minor,
        reason=reason,
        taken=[list(one) for one in found.taken],
        opened_at=clock.business_now(),
    )
    tx.session.add(dispute)
    tx.session.flush()
    amount, subject = Money(minor, payment.currency), subject_of(payment)
    legs = [*found.legs(payment.currency), credit(AccountCode.CLEARING, amount, subject)]
    dispute.entry_id = _post(tx, payment, "chargeback", f"chargeback:{dispute.id}", legs)
    _book_fee(tx, dispute, payment)
    if _policy(tx, payment).chargeback == "at_once":
        dispute.pulled = pull_back_time(tx, list(found.reopened), f"chargeback {dispute.id}")
    stop_auto_top_up(tx, payment.customer_id, "charged_back")
    emit(tx, "payment.charged_back", f"customer:{payment.customer_id}", _data(dispute, payment))
    queue_notice(tx, payment.customer_id, "charged_back", f"charged_back:{dispute.id}", {"payment_id": payment.id})
    return dispute


def close_dispute(tx: Tx, dispute: Dispute, event: DisputeEvent) -> None:
    """Decide it. Won: the money pays again what it had paid, as far as that is still open; the rest is credit.

    Raises IllegalTransition when it is decided already.
    """
    payment = locked_payment(tx, dispute.payment_id)
    dispute = tx.session.get_one(Dispute, dispute.id, with_for_update=True, populate_existing=True)
    dispute.state = next_state(DISPUTE_TRANSITIONS, DisputeState(dispute.state), event).value
    dispute.closed_at = clock.business_now()
    if event is DisputeEvent.WIN:
        _won(tx, dispute, payment)
    elif _policy(tx, payment).chargeback == "at_loss":
        reopened = [key for what, key, _ in dispute.taken if what == "document"]
        dispute.pulled = pull_back_time(tx, reopened, f"chargeback {dispute.id}")
    emit(tx, f"dispute.{dispute.state}", f"customer:{payment.customer_id}", _data(dispute, payment))


def _won(tx: Tx, dispute: Dispute, payment: Payment) -> None:
    payment.state = next_state(PAYMENT_TRANSITIONS, PaymentState(payment.state), PaymentEvent.WIN_BACK).value
    back = put_back(tx, payment, dispute.taken, f"dispute {dispute.provider_ref} was won")
    amount = Money(dispute.amount_minor, payment.currency)
    legs: list[Posting] = [debit(AccountCode.CLEARING, amount, subject_of(payment)), *back.legs(payment.currency)]
    _post(tx, payment, "chargeback_won", f"chargeback_won:{dispute.id}", legs)
    back.tell(tx)


def _book_fee(tx: Tx, dispute: Dispute, payment: Payment) -> None:
    if not dispute.fee_minor:
        return
    fee, subject = Money(dispute.fee_minor, payment.currency), subject_of(payment)
    legs = [debit(AccountCode.FEES, fee, subject), credit(AccountCode.CLEARING, fee, subject)]
    _post(tx, payment, "dispute_fee", f"dispute_fee:{dispute.id}", legs)


def _seller(tx: Tx, payment: Payment) -> Seller:
    account = tx.session.get_one(GatewayAccount, payment.account_id)
    return tx.session.get_one(Seller, account.seller_id)


def _policy(tx: Tx, payment: Payment) -> MoneyBack:
    return money_back_of(_seller(tx, payment))


def _post(tx: Tx, payment: Payment, kind: str, key: str, legs: list[Posting]) -> int:
    seller = _seller(tx, payment)
    return post(tx, seller.id, kind, clock.today_in(seller.zone), key, legs, customer_id=payment.customer_id)


def _data(dispute: Dispute, payment: Payment) -> dict[str, Any]:
    return {
        "dispute_id": dispute.id,
        "payment_id": payment.id,
        "customer_id": payment.customer_id,
        "amount_minor": dispute.amount_minor,
        "currency": payment.currency,
    }
