"""Who may write down what is known of a user: the reseller that looks after them, those above it, and staff."""

from billhead.actions.resellers._tree import lock_resellers
from billhead.actions.subscriptions._state import visible_subscription
from billhead.db import Tx
from billhead.domain.errors import NotAllowed, NotFound
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription

__all__ = ["looked_after"]


def looked_after(tx: Tx, subscription_id: int) -> tuple[Subscription, Customer]:
    """The subscription and its user, locked with the reseller.

    Raises NotFound (nobody in the subtree looks after them) or NotAllowed (a suspended reseller, staff without
    customers.write).
    """
    subscription = visible_subscription(tx, subscription_id)
    customer = tx.session.get_one(Customer, subscription.customer_id)
    if customer.reseller_id is None or customer.erased_at is not None:
        raise NotFound("user", subscription_id)
    if tx.ctx.scope.customer_id is not None or (tx.ctx.scope.everything and not tx.ctx.may("customers.write")):
        raise NotAllowed(f"{tx.ctx.actor} may not change what is known of a user")
    lock_resellers(tx, customer.reseller_id)
    return subscription, customer
