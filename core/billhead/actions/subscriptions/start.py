"""Order a plan: subscription, its lines (not on a panel yet), and the proforma that starts them when it is paid."""

from dataclasses import dataclass

from billhead.actions.billing.first import first
from billhead.actions.events import emit
from billhead.actions.subscriptions._sale import AddOnOrder, Order, own_customer, sell
from billhead.actions.verb import verb
from billhead.db import Tx

__all__ = ["AddOnOrder", "Order", "Started", "start_subscription"]


@dataclass(frozen=True, slots=True)
class Started:
    subscription_id: int
    document_id: int


@verb("subscriptions.start")
def start_subscription(tx: Tx, order: Order) -> Started:
    """Create a pending subscription and its proforma, in one transaction.

    Raises NotFound (plan, term or add-on that this customer can't buy), InvalidInput (MAC, quantity), Conflict (no
    panel has room, the trial was had before) or NotAllowed (a plugin's guard, with its reason).
    """
    customer = own_customer(tx, order.customer_id)
    subscription = sell(tx, customer, order).subscription
    document_id = first(tx, subscription.id)
    data = {"subscription_id": subscription.id, "customer_id": customer.id, "plan": order.plan}
    emit(tx, "subscription.started", f"subscription:{subscription.id}", data)
    return Started(subscription.id, document_id)
