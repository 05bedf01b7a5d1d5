"""A dispute through its states: the provider takes the money, and it comes back or is lost."""

from typing import Any

from sqlalchemy import Select, select

from billhead import clock
from billhead.actions.credits._top_up import stop_auto_top_up
from billhead.actions.events import emit
from billhead.actions.ledger.post import post
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.payments._exchanging import exchange_disputed
from billhead.actions.payments._policy import MoneyBack, money_back_of
from billhead.actions.payments._putting_back import PutBack, put_back
from billhead.actions.payments._refunding import locked_payment, money_of, refundable, subject_of
from billhead.actions.payments._taking import TakenFrom, take_payment
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

__all__ = ["booked_of", "close_dispute", "find_dispute", "open_dispute"]


def find_dispute(tx: Tx, payment_id: int, provider_ref: str) -> Dispute | None:
    return tx.session.scalar(
        select(Dispute).where(Dispute.payment_id == payment_id, Dispute.provider_ref == provider_ref)
    )


def open_dispute(
    tx: Tx, payment_id: int, minor: int, provider_ref: str, fee: Money | None = None, reason: str = "",
    *, told: bool = False,
) -> Dispute:  # fmt: skip
    """The money is gone from our account at the provider: what it had paid is owed again.

    A payment may be disputed again under another reference, for what earlier disputes have left of it. `told`: the
    provider says so; where it names more than that, what is left is taken (it may be nothing), and the dispute stands.
    Raises InvalidInput and Conflict: more than what is left of the payment, or it was all charged back before.
    """
    payment = locked_payment(tx, payment_id)
    again = payment.state == PaymentState.CHARGED_BACK
    left = payment.amount_minor - payment.refunded_minor - _taken_before(tx, payment) if again else refundable(payment)
    if again and left <= 0 and not told:
        raise Conflict("this payment was charged back already", code="charged_back")
    if minor <= 0 or (minor > left and not (again and told)):
        raise InvalidInput("amount", f"must be above zero and at most {Money(left, payment.currency)}, what is left")
    found = take_payment(tx, payment, min(minor, left)) if left > 0 else TakenFrom()
    if not again:
        payment.state = next_state(PAYMENT_TRANSITIONS, PaymentState.RECEIVED, PaymentEvent.CHARGE_BACK).value
    dispute = _noted(tx, payment, found, minor, provider_ref, reason)
    if found.total:
        dispute.entry_id = _book_taken(tx, payment, found, str(dispute.id))
    if fee is not None and fee.minor > 0:
        _book_fee(tx, dispute, payment, fee)
    if _policy(tx, payment).chargeback == "at_once":
        dispute.pulled = pull_back_time(tx, list(found.reopened), f"chargeback {dispute.id}")
    stop_auto_top_up(tx, payment.customer_id, "charged_back")
    emit(tx, "payment.charged_back", f"customer:{payment.customer_id}", _data(dispute, payment))
    if found.total:
        data = {"payment_id": payment.id}
        queue_notice(tx, payment.customer_id, "charged_back", f"charged_back:{dispute.id}", data)
    return dispute


def _noted(tx: Tx, payment: Payment, found: TakenFrom, minor: int, provider_ref: str, reason: str) -> Dispute:
    dispute = Dispute(
        payment_id=payment.id,
        provider_ref=provider_ref,
        state=DisputeState.OPEN.value,
        amount_minor=minor,
        reason=reason,
        taken=[list(one) for one in found.taken],
        opened_at=clock.business_now(),
    )
    tx.session.add(dispute)
    tx.session.flush()
    return dispute


def _taken_before(tx: Tx, payment: Payment, besides: int = 0) -> int:
    """What disputes that were not won have taken of a payment, in minor units."""
    return sum(booked_of(dispute) for dispute in tx.session.scalars(_standing(payment, besides)))


def _standing(payment: Payment, besides: int) -> Select[Dispute]:
    return select(Dispute).where(
        Dispute.payment_id == payment.id, Dispute.state != DisputeState.WON.value, Dispute.id != besides
    )


def booked_of(dispute: Dispute) -> int:
    """What was taken for it; less than its amount where an earlier dispute had taken that already."""
    return money_of(dispute.taken)


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
    """The payment is received again when no other dispute has taken anything of it, now that this money is here."""
    amount, back = Money(booked_of(dispute), payment.currency), PutBack()
    if amount:
        back = put_back(tx, payment, dispute.taken, f"dispute {dispute.provider_ref} was won")
        legs: list[Posting] = [debit(AccountCode.CLEARING, amount, subject_of(payment)), *back.legs(payment.currency)]
        _post(tx, payment, "chargeback_won", f"chargeback_won:{dispute.id}", legs)
        taken = _taken_before(tx, payment, besides=dispute.id)
        exchange_disputed(tx, payment, taken + amount.minor, taken, f"exchange_won:{dispute.id}")
        _take_what_was_short(tx, dispute, payment)
    if payment.state == PaymentState.CHARGED_BACK and not _taken_before(tx, payment, besides=dispute.id):
        payment.state = next_state(PAYMENT_TRANSITIONS, PaymentState(payment.state), PaymentEvent.WIN_BACK).value
    back.tell(tx)


def _take_what_was_short(tx: Tx, won: Dispute, payment: Payment) -> None:
    """The provider still holds the money of the other disputes: they take what was not there when they were opened."""
    for other in tx.session.scalars(_standing(payment, besides=won.id).order_by(Dispute.id)).all():
        left = payment.amount_minor - payment.refunded_minor - _taken_before(tx, payment, besides=won.id)
        minor = min(other.amount_minor - booked_of(other), left)
        if minor <= 0:
            continue
        found = take_payment(tx, payment, minor)
        other.taken = [*other.taken, *(list(one) for one in found.taken)]
        entry_id = _book_taken(tx, payment, found, f"{other.id}:{won.id}")
        other.entry_id = other.entry_id or entry_id
        when = _policy(tx, payment).chargeback
        if when == "at_once" or (when == "at_loss" and other.state == DisputeState.LOST):
            pulled = pull_back_time(tx, list(found.reopened), f"chargeback {other.id}")
            other.pulled = [*other.pulled, *pulled]


def _book_taken(tx: Tx, payment: Payment, found: TakenFrom, key: str) -> int:
    """What a dispute has taken, noted on it already, leaves what the provider holds."""
    amount = Money(found.total, payment.currency)
    legs = [*found.legs(payment.currency), credit(AccountCode.CLEARING, amount, subject_of(payment))]
    entry_id = _post(tx, payment, "chargeback", f"chargeback:{key}", legs)
    taken = _taken_before(tx, payment)
    exchange_disputed(tx, payment, taken - found.total, taken, f"exchange_chargeback:{key}")
    return entry_id


def _book_fee(tx: Tx, dispute: Dispute, payment: Payment, fee: Money) -> None:
    """Where the provider keeps its balance in another currency, the fee leaves that one."""
    dispute.fee_minor, subject = fee.minor, subject_of(payment)
    dispute.fee_currency = fee.currency if fee.currency != payment.currency else ""
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
