"""A fee that the gateway did not know yet when it said that the money had come."""

from sqlalchemy import select

from billhead.actions.ledger.post import post
from billhead.db import Tx
from billhead.domain.ledger import AccountCode, credit, debit
from billhead.domain.money import Money
from billhead.domain.periods import local_date
from billhead.models.payments import GatewayAccount, Payment, PaymentAttempt
from billhead.models.sellers import Seller

__all__ = ["book_late_fee"]


def book_late_fee(tx: Tx, attempt: PaymentAttempt, fee: Money) -> None:
    """D fees, C clearing on the day of the payment, once: a payment that has its fee is left alone.

    So is one whose fee is in another currency: the exchange books that.
    """
    found = select(Payment).where(Payment.attempt_id == attempt.id, Payment.part == 1).with_for_update()
    payment = tx.session.scalar(found.execution_options(populate_existing=True))
    if payment is None or payment.fee_minor or fee.currency != payment.currency or fee.minor <= 0:
        return
    payment.fee_minor = fee.minor
    account = tx.session.get_one(GatewayAccount, payment.account_id)
    seller, subject = tx.session.get_one(Seller, account.seller_id), f"gateway:{account.id}"
    day = local_date(payment.received_at, seller.zone)
    legs = [debit(AccountCode.FEES, fee, subject), credit(AccountCode.CLEARING, fee, subject)]
    post(tx, seller.id, "payment_fee", day, f"payment_fee:{payment.id}", legs, customer_id=payment.customer_id)
