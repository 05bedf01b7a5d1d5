"""The bonus of a top-up: gifted credit beside what was bought, which goes back with the money as far as it is left, and
comes again with it."""

from collections.abc import Collection, Sequence

from sqlalchemy import select

from billhead.actions.credits._lots import gift, take_off
from billhead.actions.credits._top_up import terms_of
from billhead.db import Tx
from billhead.domain.credit import LotKind
from billhead.domain.money import Money
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Document
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.wording import marked

__all__ = ["BONUS", "bonus_lots", "give_bonus", "give_bonus_again", "take_bonus_back"]

BONUS = marked("Bonus of a top-up")
"""For who reads it; what belongs to which order is said by `order_id`."""


def give_bonus(tx: Tx, order: Document) -> None:
    """By the terms that hold when the order is paid."""
    terms = terms_of(tx.session.get_one(Seller, order.seller_id), order.currency)
    bonus = terms.bonus(Money(order.total_minor, order.currency)) if terms else None
    if bonus:
        gift(tx, tx.session.get_one(Customer, order.customer_id), bonus, BONUS, order_id=order.id)


def bonus_lots(tx: Tx, order_ids: Collection[int]) -> list[int]:
    """What was given with these orders, to be locked together with what they bought."""
    if not order_ids:
        return []
    mine = CustomerCredit.order_id.in_(order_ids), CustomerCredit.kind == LotKind.GIFTED.value
    return list(tx.session.scalars(select(CustomerCredit.id).where(*mine)))


def take_bonus_back(tx: Tx, order_id: int, gifts: Sequence[CustomerCredit], minor: int) -> list[tuple[int, int]]:
    """So much of an order's money goes back, whichever payment it came with: its share of the bonus goes too, what is
    spent of it stays spent. `gifts` are locked, the oldest first. Returns (lot, minor units taken of it)."""
    taken = list[tuple[int, int]]()
    # the first is the whole bonus, the others are what of it came again
    left = -(-gifts[0].amount_minor * minor // tx.session.get_one(Document, order_id).total_minor) if gifts else 0
    for lot in gifts:
        part = min(left, lot.remaining_minor)
        if part:
            take_off(tx, tx.session.get_one(Customer, lot.customer_id), lot, part, "credit_taken")
            taken.append((lot.id, part))
            left -= part
    return taken


def give_bonus_again(tx: Tx, order_id: int, kept: int, taken: int) -> None:
    """So much of an order's money is here, and so much of its bonus was ever taken with what was not: what of that is
    beyond the share of what is still missing comes again, as a lot of its own. The gifts are locked."""
    gifts = tx.session.scalars(
        select(CustomerCredit).where(CustomerCredit.id.in_(bonus_lots(tx, [order_id]))).order_by(CustomerCredit.id)
    ).all()
    order = tx.session.get_one(Document, order_id)
    missing = -(-gifts[0].amount_minor * (order.total_minor - kept) // order.total_minor) if gifts else 0
    again = taken - sum(lot.amount_minor for lot in gifts[1:]) - missing
    if gifts and again > 0:
        customer = tx.session.get_one(Customer, order.customer_id)
        gift(tx, customer, Money(again, order.currency), BONUS, order_id=order_id)
