"""What is billed afterwards is billed in advance again: on its day, when the period before it is billed."""

from datetime import date

from sqlalchemy import select

from billhead import clock
from billhead.actions.billing._free_days import SPARED
from billhead.actions.subscriptions._state import record
from billhead.actions.subscriptions._taking_steps import look_again
from billhead.db import Tx
from billhead.domain.subscription import RUNNING
from billhead.models.subscriptions import FreeTime, Subscription

__all__ = ["begin_in_advance"]


def begin_in_advance(tx: Tx, subscription: Subscription, on: date) -> bool:
    """The day has come. False where the period before it is not billed yet, or days that were given are still to leave
    a bill: it is looked at again in an hour."""
    billed = subscription.billed_through or on
    if subscription.state not in RUNNING or billed < on or _is_spared(tx, subscription, billed):
        return False
    subscription.timing = "advance"
    look_again(tx, subscription, clock.today_in(subscription.zone))
    record(tx, subscription, "billed_in_advance", on)
    return True


def _is_spared(tx: Tx, subscription: Subscription, billed: date) -> bool:
    mine = FreeTime.subscription_id == subscription.id, FreeTime.why == SPARED, FreeTime.ends_on > billed
    return tx.session.scalar(select(FreeTime.id).where(*mine).limit(1)) is not None
