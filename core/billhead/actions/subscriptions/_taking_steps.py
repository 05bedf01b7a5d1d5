"""Write the steps of a change into the components and the calendar of a subscription."""

from datetime import date

from billhead.actions.billing._calendars import move_anchor
from billhead.actions.billing._next import next_bill_day
from billhead.actions.subscriptions._scheduled import end_with
from billhead.actions.subscriptions._steps import Steps
from billhead.db import Tx
from billhead.models.subscriptions import Subscription, SubscriptionComponent

__all__ = ["look_again", "take_steps"]


def take_steps(tx: Tx, subscription: Subscription, steps: Steps, on: date) -> list[int]:
    """Returns the components that begin. The caller holds the subscription locked, and bills the difference."""
    for component_id, ends_on in steps.ends.items():
        tx.session.get_one(SubscriptionComponent, component_id).ends_on = ends_on
    added = [
        SubscriptionComponent(
            subscription_id=subscription.id,
            plan_id=wanted.plan_id,
            price_id=wanted.price_id,
            kind=wanted.kind,
            quantity=wanted.quantity,
            starts_on=on,
            ends_on=wanted.ends_on,
        )
        for wanted in steps.adds
    ]
    tx.session.add_all(added)
    item = steps.item
    if (item.term, item.anchor) != (subscription.term, subscription.anchor):
        move_anchor(tx.session, subscription, item.anchor, on, term=item.term)
    subscription.plan_id, subscription.billed_through = item.plan_id, item.billed_through
    look_again(tx, subscription, item.target)
    for one in added:
        if one.ends_on is not None:
            end_with(tx, one)
    return [one.id for one in added]


def look_again(tx: Tx, subscription: Subscription, today: date) -> None:
    """Let the billing run look at the subscription when it has to, as it stands now; what others have read is stale."""
    subscription.next_bill_on = next_bill_day(tx.session, subscription, today)
    subscription.version += 1
    tx.session.flush()
