"""What is billed afterwards is billed in advance again: on its day, when the period before it is billed."""

from datetime import date

from billhead import clock
from billhead.actions.subscriptions._state import record
from billhead.actions.subscriptions._taking_steps import look_again
from billhead.db import Tx
from billhead.domain.subscription import RUNNING
from billhead.models.subscriptions import Subscription

__all__ = ["begin_in_advance"]


def begin_in_advance(tx: Tx, subscription: Subscription, on: date) -> bool:
    """The day has come. False where the period before it is not billed yet: it is looked at again in an hour."""
    if subscription.state not in RUNNING or (subscription.billed_through or on) < on:
        return False
    subscription.timing = "advance"
    look_again(tx, subscription, clock.today_in(subscription.zone))
    record(tx, subscription, "billed_in_advance", on)
    return True
