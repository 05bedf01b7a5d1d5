"""Orders of credit and the money that was sent for them: how much of it is still here, and what of the bonus goes and
comes with it. An order may be paid more than once; its bonus is its own, whichever payment it came with."""

from collections.abc import Iterator

from sqlalchemy import Row, func, select

from billhead.actions.credits._bonus import give_bonus_again
from billhead.actions.payments._refunding import money_of
from billhead.db import Tx
from billhead.domain.payment import DisputeState
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Document
from billhead.models.payments import Dispute, Payment, Refund

__all__ = ["bonus_comes_again", "lost_of", "orders_of"]


def orders_of(tx: Tx, payment: Payment) -> list[int]:
    """The orders of credit that the payment was sent for."""
    mine = select(CustomerCredit.order_id).where(CustomerCredit.payment_id == payment.id)
    return sorted({one for one in tx.session.scalars(mine) if one is not None})


def lost_of(tx: Tx, order_id: int, part: int) -> int:
    """How much of the order's own amount goes with that part of what was sent for it. What was sent beyond it goes
    first, also with another payment: of an order that was paid twice, either payment stands for it alone."""
    kept, total = _kept(tx, order_id), _total(tx, order_id)
    return min(kept, total) - min(kept - part, total)


def bonus_comes_again(tx: Tx, order_id: int) -> None:
    """Money of the order is here again: so is the bonus that went with it or, as other money of it had gone as well,
    with that. The order's gifts are locked."""
    tx.session.flush()
    payments = [row.id for row in _sent(tx, order_id)]
    gone = [tx.session.scalars(select(one.taken).where(one.payment_id.in_(payments))) for one in (Refund, Dispute)]
    lots = select(CustomerCredit.id).where(CustomerCredit.order_id == order_id)
    mine = set(tx.session.scalars(lots))
    taken = sum(minor for rows in gone for row in rows for what, lot, minor in row if what == "bonus" and lot in mine)
    give_bonus_again(tx, order_id, min(_kept(tx, order_id), _total(tx, order_id)), taken)


def _kept(tx: Tx, order_id: int) -> int:
    """What is here of the money that was sent for it: neither gone back, nor disputed."""
    rows = list(_sent(tx, order_id))
    disputed = dict.fromkeys((row.id for row in rows), 0)
    disputes = select(Dispute.payment_id, Dispute.taken).where(
        Dispute.payment_id.in_(disputed), Dispute.state != DisputeState.WON.value
    )
    for payment_id, taken in tx.session.execute(disputes):
        disputed[payment_id] += money_of(taken)
    return sum(min(int(row.minor), row.left - disputed[row.id]) for row in rows)


def _sent(tx: Tx, order_id: int) -> Iterator[Row[int, int, int]]:
    """(payment, what was sent with it for the order, what of all of it has not gone back)."""
    lot = CustomerCredit
    sent = (
        select(lot.payment_id, func.sum(lot.amount_minor).label("minor"))
        .where(lot.order_id == order_id, lot.payment_id.is_not(None))
        .group_by(lot.payment_id)
        .subquery()
    )
    left = (Payment.amount_minor - Payment.refunded_minor).label("left")
    query = select(Payment.id, sent.c.minor, left).join(sent, sent.c.payment_id == Payment.id).order_by(Payment.id)
    yield from tx.session.execute(query)


def _total(tx: Tx, order_id: int) -> int:
    return tx.session.get_one(Document, order_id).total_minor
