"""A provider that keeps its balance in another currency has exchanged a payment, and takes its fee from there.

The payment is booked as it was paid; then its clearing goes into FX difference and comes out as what is held there.
"""

from sqlalchemy import select

from billhead import clock
from billhead.actions.ledger.post import post
from billhead.actions.payments._refunding import money_of
from billhead.db import Tx
from billhead.domain.ledger import AccountCode, Posting, credit, debit
from billhead.domain.money import Money
from billhead.domain.payment import DisputeState, RefundState
from billhead.domain.periods import local_date
from billhead.models.payments import Dispute, GatewayAccount, Payment, PaymentAttempt, Refund
from billhead.models.sellers import Seller
from billhead.plugin import Outcome

__all__ = ["book_exchange", "exchange_disputed", "exchange_refund"]


def book_exchange(tx: Tx, attempt: PaymentAttempt, outcome: Outcome) -> None:
    """Once, on the day of the payment, however often it is told: money and fee in the balance's currency.

    What had gone back before that was known leaves that balance as well, at the payment's own rate.
    """
    settled, fee = outcome.settled, outcome.fee
    if settled is None or settled.minor <= 0:
        return
    found = select(Payment).where(Payment.attempt_id == attempt.id, Payment.part == 1).with_for_update()
    payment = tx.session.scalar(found.execution_options(populate_existing=True))
    if payment is None or payment.settled_currency or settled.currency == payment.currency:
        return
    payment.settled_minor, payment.settled_currency = settled.minor, settled.currency
    subject = f"gateway:{payment.account_id}"
    paid = Money(payment.amount_minor - payment.fee_minor, payment.currency)
    legs = [debit(AccountCode.FX_DIFFERENCE, paid), credit(AccountCode.CLEARING, paid, subject)]
    legs += [debit(AccountCode.CLEARING, settled, subject), credit(AccountCode.FX_DIFFERENCE, settled)]
    if fee is not None and fee.currency == settled.currency and fee.minor > 0:
        legs += [debit(AccountCode.FEES, fee, subject), credit(AccountCode.CLEARING, fee, subject)]
    account = tx.session.get_one(GatewayAccount, payment.account_id)
    day = local_date(payment.received_at, tx.session.get_one(Seller, account.seller_id).zone)
    post(tx, account.seller_id, "exchange", day, f"exchange:{payment.id}", legs)
    _exchange_what_went(tx, payment)


def _exchange_what_went(tx: Tx, payment: Payment) -> None:
    sent = select(Refund).where(Refund.payment_id == payment.id, Refund.state == RefundState.SUCCEEDED.value)
    for refund in tx.session.scalars(sent.order_by(Refund.id)):
        exchange_refund(tx, refund, payment, None)
    disputes = select(Dispute).where(Dispute.payment_id == payment.id, Dispute.state != DisputeState.WON.value)
    taken = sum(money_of(dispute.taken) for dispute in tx.session.scalars(disputes))
    if taken:
        exchange_disputed(tx, payment, 0, taken, f"exchange_charged_back:{payment.id}")


def exchange_refund(tx: Tx, refund: Refund, payment: Payment, settled: Money | None, *, back: bool = False) -> None:
    """A refund of such a payment leaves the provider's balance: by what it says, else at the payment's own rate.

    `back`: it came back, and is exchanged as it was.
    """
    if not payment.settled_currency:
        return
    if settled is None or settled.currency != payment.settled_currency:
        settled = _at_its_rate(payment, refund.amount_minor)
    key = f"exchange_back:{refund.id}" if back else f"exchange_refund:{refund.id}"
    _exchange(tx, payment, Money(refund.amount_minor, payment.currency), settled, key, back=back)


def exchange_disputed(tx: Tx, payment: Payment, was: int, now: int, key: str) -> None:
    """Disputes of such a payment had taken `was` of it and have taken `now`, in its minor units: at its own rate.

    By the sum of all, so that parts leave no cent, and what comes back is what has left.
    """
    if not payment.settled_currency:
        return
    settled = abs(_at_its_rate(payment, now) - _at_its_rate(payment, was))
    _exchange(tx, payment, Money(abs(now - was), payment.currency), settled, key, back=now < was)


def _at_its_rate(payment: Payment, minor: int) -> Money:
    share = payment.settled_minor * minor * 2 + payment.amount_minor
    return Money(share // (payment.amount_minor * 2), payment.settled_currency)  # half up


def _exchange(tx: Tx, payment: Payment, left: Money, settled: Money, key: str, *, back: bool) -> None:
    subject = f"gateway:{payment.account_id}"
    into, out_of = (credit, debit) if back else (debit, credit)
    legs: list[Posting] = [into(AccountCode.CLEARING, left, subject), out_of(AccountCode.FX_DIFFERENCE, left)]
    if settled:
        legs += [into(AccountCode.FX_DIFFERENCE, settled), out_of(AccountCode.CLEARING, settled, subject)]
    account = tx.session.get_one(GatewayAccount, payment.account_id)
    day = clock.today_in(tx.session.get_one(Seller, account.seller_id).zone)
    post(tx, account.seller_id, "exchange", day, key, legs)
