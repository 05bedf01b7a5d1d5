"""Days that changes add follow the documents that pay for them, when these are paid, corrected, void, or given up."""

from dataclasses import dataclass

from billhead import clock
from billhead.actions.subscriptions._extending import ends_of, extend, runs_until
from billhead.actions.subscriptions._state import move, record, visible_subscription
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.subscription import Event, State

__all__ = ["Followed", "follow_days"]


@dataclass(frozen=True, slots=True)
class Followed:
    """`days`: so many more are there at the end of what is paid, below zero: fewer."""

    subscription_id: int
    days: int


@verb("subscriptions.follow_days", permission="subscriptions.write")
def follow_days(tx: Tx, subscription_id: int) -> Followed:
    """Bring the days in line with what stands on the documents; a second time changes nothing. Raises NotFound."""
    subscription = visible_subscription(tx, subscription_id)
    days = extend(tx, subscription, ends_of(tx, subscription))
    if days:
        today = clock.today_in(subscription.zone)
        if subscription.state == State.EXPIRED and runs_until(subscription) > today:  # it was paid late
            move(tx, subscription, Event.RENEW, today)
        record(tx, subscription, "days_corrected", today, days=days, until=runs_until(subscription).isoformat())
    return Followed(subscription.id, days)
