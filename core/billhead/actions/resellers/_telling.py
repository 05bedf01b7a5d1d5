"""Whoever pays for a subscription with credits is told what others do with it."""

from sqlalchemy import select

from billhead import clock
from billhead.actions.notifications.queue import queue_notice
from billhead.db import Tx
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription

__all__ = ["tell_payer"]


def tell_payer(tx: Tx, subscription: Subscription) -> None:
    """That it ends: nobody reads of what they did themselves, and what an invoice pays has no payer."""
    payer_id = subscription.payer_reseller_id
    if subscription.settlement != "credits" or payer_id is None or tx.ctx.scope.reseller_id is not None:
        return
    for own_id in tx.session.scalars(select(Customer.id).where(Customer.buys_for_reseller_id == payer_id)):
        key = f"user_canceled:{subscription.id}:{subscription.service_ends_on}:{clock.now().isoformat()}"
        told = {"subscription_id": subscription.id, "reseller_id": payer_id}
        queue_notice(tx, own_id, "user_canceled", key, told)
