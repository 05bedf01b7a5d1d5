"""Take back what was asked for and has not happened yet: a cancellation, a planned change, a planned hold."""

from dataclasses import dataclass
from datetime import date

from billhead import clock
from billhead.actions.billing.rebill import rebill
from billhead.actions.events import emit
from billhead.actions.subscriptions._scheduled import scheduled_of
from billhead.actions.subscriptions._state import record, visible_subscription
from billhead.actions.subscriptions._taking_steps import look_again
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict
from billhead.domain.subscription import State
from billhead.models.subscriptions import Subscription, SubscriptionChange, SubscriptionComponent

__all__ = ["Kept", "keep"]


@dataclass(frozen=True, slots=True)
class Kept:
    """`document_id`: what had been given back for days that are used now after all is charged again."""

    subscription_id: int
    document_id: int | None = None
    total_minor: int = 0


@verb("subscriptions.keep")
def keep(tx: Tx, subscription_id: int) -> Kept:
    """Go on as before. Raises Conflict when there is nothing to take back, or the service has ended already."""
    subscription = visible_subscription(tx, subscription_id)
    if subscription.state == State.CANCELED:
        raise Conflict("this subscription has ended", hint="order it anew")
    planned = scheduled_of(tx, subscription.id)
    if subscription.service_ends_on is None and not planned:
        raise Conflict("nothing is planned that could be taken back")
    today = clock.today_in(subscription.zone)
    for row in planned:
        _take_back(tx, subscription, row)
    subscription.service_ends_on = subscription.billing_ends_on = None
    look_again(tx, subscription, today)
    record(tx, subscription, "kept", today)
    written = rebill(tx, subscription.id)
    tx.session.refresh(subscription)
    emit(tx, "subscription.kept", f"subscription:{subscription.id}", {"subscription_id": subscription.id})
    return Kept(subscription.id, written.document_id, written.total_minor)


def _take_back(tx: Tx, subscription: Subscription, row: SubscriptionChange) -> None:
    row.state = "withdrawn"
    if row.kind != "change":
        return
    subscription.term, subscription.anchor = row.before["term"], date.fromisoformat(row.before["anchor"])
    for component_id in row.before["ended"]:
        tx.session.get_one(SubscriptionComponent, component_id).ends_on = None
    for component_id in row.before["added"]:
        one = tx.session.get_one(SubscriptionComponent, component_id)
        one.ends_on = one.starts_on
