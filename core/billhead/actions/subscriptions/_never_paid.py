"""What was ordered and not paid in time: nothing is kept for it any more."""

from billhead import clock
from billhead.actions.provisioning.want import want
from billhead.actions.subscriptions._state import live_services, move
from billhead.db import Tx
from billhead.domain.subscription import Event, State
from billhead.models.subscriptions import Subscription

__all__ = ["end_unpaid"]


def end_unpaid(tx: Tx, subscription_id: int, because: str) -> bool:
    """End it if it has not begun: its logins and places on panels, and the uses of its coupons, are free."""
    tx.session.flush()
    subscription = tx.session.get_one(Subscription, subscription_id, with_for_update=True, populate_existing=True)
    if subscription.state != State.PENDING:
        return False
    move(tx, subscription, Event.CANCEL, clock.today_in(subscription.zone), because=because)
    subscription.next_bill_on = None
    for service in live_services(tx, subscription):
        want(tx, service, lifecycle="unwanted")
    return True
