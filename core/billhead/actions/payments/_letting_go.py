"""A saved method that can't be charged any more: what becomes of the renewals that used it."""

from sqlalchemy import select

from billhead.db import Tx
from billhead.models.payments import PaymentMethod
from billhead.models.subscriptions import Subscription

__all__ = ["let_go"]


def let_go(tx: Tx, method: PaymentMethod) -> None:
    """The row stays for the payments made with it; what could be charged does not. Its renewals are paid by hand."""
    method.token, method.usable, method.is_default = "", False, False
    for subscription in tx.session.scalars(select(Subscription).where(Subscription.payment_method_id == method.id)):
        subscription.payment_method_id, subscription.collection = None, "manual"
        subscription.version += 1
