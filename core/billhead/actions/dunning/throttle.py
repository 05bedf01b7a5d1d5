"""Leave a debtor's lines running with less, until the debt is paid."""

from dataclasses import dataclass

from billhead import clock
from billhead.actions.events import emit
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.provisioning.want import want
from billhead.actions.subscriptions._state import live_services, record, visible_subscription
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput

__all__ = ["Throttled", "throttle"]


@dataclass(frozen=True, slots=True)
class Throttled:
    subscription_id: int
    changed: bool


@verb("dunning.throttle", permission="subscriptions.write")
def throttle(tx: Tx, subscription_id: int, connections: int = 1, bouquets: tuple[int, ...] | None = None) -> Throttled:
    """At most `connections` streams at a time (0: as many as sold), and of what was sold only these bouquets.

    What was sold stays written down: a change of plan in the meantime is not undone when the limit is lifted.
    """
    if connections < 0:
        raise InvalidInput("connections", f"must be zero or more, got {connections}")
    subscription = visible_subscription(tx, subscription_id)
    kept = None if bouquets is None else list(bouquets)
    limits = {"limit_connections": connections or None, "limit_bouquets": kept}
    changed = [want(tx, service, **limits) for service in live_services(tx, subscription)]
    if not any(changed):
        return Throttled(subscription_id, False)
    today = clock.today_in(subscription.zone)
    record(tx, subscription, "throttled", today, connections=connections)
    data = {"subscription_id": subscription.id, "connections": connections}
    emit(tx, "subscription.throttled", f"subscription:{subscription.id}", data)
    key = f"throttled:{subscription.id}:{today.isoformat()}"
    queue_notice(tx, subscription.customer_id, "throttled", key, data)
    return Throttled(subscription_id, True)
