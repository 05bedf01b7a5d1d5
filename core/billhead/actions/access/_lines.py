"""A line for whoever asks, with its subscription and the rules of its seller."""

from typing import NamedTuple

from billhead.actions.subscriptions._state import visible_subscription
from billhead.db import Tx
from billhead.domain.errors import Conflict, NotFound
from billhead.domain.watching import WatchingRules, rules_from
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Service, Subscription

__all__ = ["VisibleLine", "living", "visible_line"]


class VisibleLine(NamedTuple):
    service: Service
    subscription: Subscription
    rules: WatchingRules


def visible_line(tx: Tx, service_id: int) -> VisibleLine:
    """Locked. Raises NotFound also when it is outside of what this actor may see."""
    known = tx.session.get(Service, service_id)
    if known is None:
        raise NotFound("service", service_id)
    try:
        subscription = visible_subscription(tx, known.subscription_id)
    except NotFound:
        raise NotFound("service", service_id) from None
    service = tx.session.get_one(Service, service_id, with_for_update=True, populate_existing=True)
    seller = tx.session.get_one(Seller, subscription.seller_id)
    return VisibleLine(service, subscription, rules_from(seller.watching))


def living(service: Service) -> Service:
    """Raises Conflict for a line that is not on its panel (yet, or any more)."""
    if service.lifecycle != "wanted" or service.observed_at is None:
        raise Conflict("This line is not on its panel: there is nothing to show or to change yet.")
    return service
