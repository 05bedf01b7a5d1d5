"""The bonus of a top-up: gifted credit beside what was bought, which goes back with the money as far as it is left, and
comes again with it."""

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

__all__ = ["give_bonus", "give_bonus_again", "take_bonus_back"]


def give_bonus(tx: Tx, payment: Payment, order: Document) -> None:
    """By the terms that hold when the order is paid."""
    terms = terms_of(tx.session.get_one(Seller, order.seller_id), order.currency)
    bonus = terms.bonus(Money(order.total_minor, order.currency)) if terms else None
    if bonus:
        gift(tx, tx.session.get_one(Customer, order.customer_id), bonus, _reason(payment))


def take_bonus_back(tx: Tx, payment: Payment, minor: int) -> list[tuple[int, int]]:
    """So much of the payment goes back: its share of the bonus goes too, what is spent of it stays spent. Returns
    (lot, minor units taken of it)."""
    gifts = select(CustomerCredit).where(
        CustomerCredit.customer_id == payment.customer_id,
        CustomerCredit.kind == "gifted",
        CustomerCredit.reason == _reason(payment),
    )
    gifts = gifts.order_by(CustomerCredit.id).with_for_update().execution_options(populate_existing=True)
    lots, taken = tx.session.scalars(gifts).all(), list[tuple[int, int]]()
    # the first is the whole bonus, the others are what of it came again
    left = -(-lots[0].amount_minor * minor // payment.amount_minor) if lots else 0
    for lot in lots:
        part = min(left, lot.remaining_minor)
        if part:
            take_off(tx, tx.session.get_one(Customer, payment.customer_id), lot, part, "credit_taken")
            taken.append((lot.id, part))
            left -= part
    return taken


def give_bonus_again(tx: Tx, payment: Payment, minor: int) -> None:
    """The money is here again: so is what went with it of the bonus, as a lot of its own."""
    gift(tx, tx.session.get_one(Customer, payment.customer_id), Money(minor, payment.currency), _reason(payment))


def _reason(payment: Payment) -> str:
    return f"bonus: payment {payment.id}"
