"""Which orders of a shop may still be supplied: what went back, is over or is not paid any more keeps nothing back."""

from sqlalchemy import select

from billhead.actions.payments._paid import paid_until
from billhead.actions.shops._waited import time_of
from billhead.db import Tx
from billhead.domain.document import Kind, State
from billhead.domain.errors import Conflict
from billhead.models.documents import Document
from billhead.models.shops import ShopSupply
from billhead.models.subscriptions import Subscription

__all__ = ["has_open_orders", "is_bought", "is_paid", "refuse_while_supplied"]


def refuse_while_supplied(tx: Tx, subscription: Subscription) -> None:
    """Raises Conflict while what was paid for before is not there yet."""
    if has_open_orders(tx, subscription):
        raise Conflict(
            "what was paid for before is not there yet",
            code="purchase_open",
            hint="wait until it is, and change it then",
        )


def has_open_orders(tx: Tx, subscription: Subscription, before: int | None = None) -> bool:
    """Whether some will be supplied, or may be when somebody tries them again; `before` an order, if one is named."""
    query = select(ShopSupply).where(
        ShopSupply.subscription_id == subscription.id, ShopSupply.state.in_(["waiting", "held", "refused"])
    )
    if before is not None:
        query = query.where(ShopSupply.id < before)
    rows = tx.session.scalars(query.order_by(ShopSupply.id))
    return any(row.state == "held" or _may_come(tx, subscription, row) for row in rows)


def is_bought(tx: Tx, subscription: Subscription, row: ShopSupply) -> bool:
    """Not where what was bought by its invoice was given back."""
    document = tx.session.get_one(Document, row.document_id)
    return document.kind == Kind.CREDIT_NOTE or paid_until(tx, document, subscription) is not None


def is_paid(tx: Tx, row: ShopSupply) -> bool:
    """A change to less has given money back instead."""
    document = tx.session.get_one(Document, row.document_id)
    return document.kind == Kind.CREDIT_NOTE or document.state == State.PAID


def _may_come(tx: Tx, subscription: Subscription, row: ShopSupply) -> bool:
    return is_paid(tx, row) and not time_of(tx, subscription, row).over and is_bought(tx, subscription, row)
