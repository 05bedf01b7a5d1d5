"""What the calendar ends: canceled subscriptions whose last day has passed, and prepaid time that nobody renewed."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import or_, select

from billhead import clock
from billhead.actions.provisioning.want import want
from billhead.actions.subscriptions._state import live_services, move, record
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.subscription import RUNNING, Event, State
from billhead.models.subscriptions import Subscription

__all__ = ["Lapsed", "lapse"]

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Lapsed:
    """How many were ended, and how many expired; call again while `more`."""

    canceled: int
    expired: int
    more: bool


@verb("subscriptions.lapse", permission="subscriptions.write")
def lapse(tx: Tx) -> Lapsed:
    """End one batch of what has come to its date (each customer's own)."""
    # the earliest zone is a day ahead of UTC: look that far, and let each subscription's own zone decide
    horizon = (clock.business_now() + timedelta(hours=14)).date()
    running = [s.value for s in (*RUNNING, State.SUSPENDED)]
    due = tx.session.scalars(
        select(Subscription)
        .where(
            Subscription.state.in_(running),
            or_(
                Subscription.service_ends_on <= horizon,
                (Subscription.collection == "manual") & (Subscription.paid_through <= horizon),
            ),
        )
        .order_by(Subscription.id)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    canceled = expired = 0
    for subscription in due:
        today = clock.today_in(subscription.zone)
        if subscription.service_ends_on is not None and subscription.service_ends_on <= today:
            _end(tx, subscription)
            canceled += 1
        elif subscription.collection == "manual" and _over(subscription, today):
            move(tx, subscription, Event.EXPIRE, today)
            expired += 1
    return Lapsed(canceled, expired, more=len(due) == _BATCH and canceled + expired > 0)


def _over(subscription: Subscription, today: date) -> bool:
    return subscription.paid_through is not None and subscription.paid_through <= today


def _end(tx: Tx, subscription: Subscription) -> None:
    today = clock.today_in(subscription.zone)
    move(tx, subscription, Event.CANCEL, today)
    record(tx, subscription, "ended", today)
    for service in live_services(tx, subscription):
        want(tx, service, lifecycle="unwanted")
