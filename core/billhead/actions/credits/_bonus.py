"""The bonus of a top-up: gifted credit beside what was bought, taken back with the money as far as it is left."""

from sqlalchemy import select

from billhead.actions.credits._lots import gift, take_off
from billhead.actions.credits._top_up import terms_of
from billhead.db import Tx
from billhead.domain.money import Money
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Document
from billhead.models.payments import Payment
from billhead.models.people import Customer
from billhead.models.sellers import Seller

__all__ = ["give_bonus", "take_bonus_back"]


def give_bonus(tx: Tx, payment: Payment, order: Document) -> None:
    """By the terms that hold when the order is paid."""
    terms = terms_of(tx.session.get_one(Seller, order.seller_id), order.currency)
    bonus = terms.bonus(Money(order.total_minor, order.currency)) if terms else None
    if bonus:
        gift(tx, tx.session.get_one(Customer, order.customer_id), bonus, _reason(payment))


def take_bonus_back(tx: Tx, payment: Payment, minor: int) -> None:
    """So much of the payment goes back: its share of the bonus goes too, what is spent of it stays spent."""
    lots = select(CustomerCredit).where(
        CustomerCredit.customer_id == payment.customer_id,
        CustomerCredit.kind == "gifted",
        CustomerCredit.reason == _reason(payment),
    )
    for lot in tx.session.scalars(lots.with_for_update().execution_options(populate_existing=True)).all():
        part = min(-(-lot.amount_minor * minor // payment.amount_minor), lot.remaining_minor)
        if part:
            take_off(tx, tx.session.get_one(Customer, payment.customer_id), lot, part, "credit_taken")


def _reason(payment: Payment) -> str:
    return f"bonus: payment {payment.id}"
