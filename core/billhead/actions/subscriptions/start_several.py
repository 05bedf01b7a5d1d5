"""Order several plans at once: a subscription for each, and one proforma that starts all of them when it is paid."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from billhead.actions.billing.first import first
from billhead.actions.coupons._entering import lock_coupons
from billhead.actions.events import emit
from billhead.actions.fraud._trials import lock_trials
from billhead.actions.provisioning._one_box import lock_macs
from billhead.actions.subscriptions._sale import Order, lock_shops_trials, own_customer, plan_of, redeem, sell, worth
from billhead.actions.subscriptions._services import lock_places
from billhead.actions.verb import audit, verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput
from billhead.domain.mac import parse_mac
from billhead.domain.money import Money
from billhead.models.documents import Document
from billhead.models.people import Customer

__all__ = ["Ordered", "start_several"]


@dataclass(frozen=True, slots=True)
class Ordered:
    """`subscription_ids` in the order of the orders."""

    document_id: int
    subscription_ids: tuple[int, ...]


@verb("subscriptions.start_several")
def start_several(tx: Tx, orders: Sequence[Order], quoted: Money | None = None) -> Ordered:
    """Create pending subscriptions of one customer and their proforma, in one transaction: all of them, or none.

    `quoted` is the total that the customer was shown. Raises what `start_subscription` raises, and Conflict
    ("price_changed") where it comes to something else by now.
    """
    if not orders or len({order.customer_id for order in orders}) > 1:
        raise InvalidInput("orders", "must be one or more of one customer")
    customer = own_customer(tx, orders[0].customer_id)
    _lock_shared(tx, customer, orders)
    # coupons are redeemed once all is sold: they look at the whole order
    sales = [sell(tx, customer, replace(order, coupons=())) for order in orders]
    ids = tuple(sale.subscription.id for sale in sales)
    together = sum(worth(sale) for sale in sales)
    lock_coupons(tx, customer.seller_id, [code for order in orders for code in order.coupons])
    for order, sale in zip(orders, sales, strict=True):
        redeem(tx, customer, sale, order.coupons, together, ids)
    document_id = first(tx, *ids)
    document = tx.session.get_one(Document, document_id, populate_existing=True)
    if quoted is not None and (document.total_minor, document.currency) != (quoted.minor, quoted.currency):
        raise Conflict("the price has changed since it was shown", code="price_changed")
    for order, subscription_id in zip(orders, ids, strict=True):
        audit(tx, "subscriptions.start", f"subscription:{subscription_id}", {"document_id": document_id})
        data = {"subscription_id": subscription_id, "customer_id": customer.id, "plan": order.plan}
        emit(tx, "subscription.started", f"subscription:{subscription_id}", data)
    return Ordered(document_id, ids)


def _lock_shared(tx: Tx, customer: Customer, orders: Sequence[Order]) -> None:
    """What each sale locks for itself, here for all in one order: two that come at once in another wait in turn."""
    if any(order.trial for order in orders):
        lock_shops_trials(tx, customer)
    plans = [plan_of(tx.session, customer, order.plan) for order in orders]
    tried = [plan for plan, order in zip(plans, orders, strict=True) if order.trial]
    lock_trials(tx, [plan.id for plan in tried if plan.details.get("once_per_customer")])
    lock_places(tx.session, plans)
    lock_macs(tx.session, [parse_mac(order.mac) for order in orders if order.mac.strip()])
