"""What the calendar ends: canceled subscriptions whose last day has passed, and prepaid time that nobody renewed."""

import logging
from dataclasses import dataclass
from datetime import date

from sqlalchemy import exists, or_, select

from billhead import clock
from billhead.actions.billing.rebill import rebill
from billhead.actions.jobs._set_aside import set_aside
from billhead.actions.provisioning.want import want
from billhead.actions.subscriptions._offers import lock_lapsing, withdraw_changes, withdraw_offers
from billhead.actions.subscriptions._state import live_services, move, record
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import BillheadError
from billhead.domain.subscription import RUNNING, Event, State
from billhead.models.sellers import Seller
from billhead.models.shops import ShopSupply
from billhead.models.subscriptions import Service, Subscription

__all__ = ["Lapsed", "lapse"]

log = logging.getLogger(__name__)

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Lapsed:
    """How many ended, and how many expired. `next_after` is where the next batch goes on; 0 when all were looked at."""

    canceled: int
    expired: int
    next_after: int


@verb("subscriptions.lapse", permission="subscriptions.write")
def lapse(tx: Tx, after_id: int = 0, *, only: int | None = None) -> Lapsed:
    """End one batch of what has come to its date (each customer's own), by subscription id; or `only` this one.

    One of a batch whose last bill can't be written keeps nobody else back: it goes on, and is tried again by a job of
    its own, which staff see. Of one alone, what is in the way is raised.

    What is suspended does not expire: paying for it again must not undo what staff have stopped. What is paid while its
    order is checked waits, whatever its end: the time that was bought begins when it is approved. So does what a shop's
    customer has paid, until its reseller's credits come.
    """
    # the earliest zone is a day ahead of UTC: look that far, and let each subscription's own zone decide
    horizon = clock.latest_today()
    running = [s.value for s in RUNNING]
    # where numbers are given to what is paid, nobody owes a renewal: unpaid time is over as if it were renewed by hand
    numbered_when_paid = select(Seller.id).where(Seller.number_on == "payment")
    by_hand = (Subscription.collection == "manual") | (
        Subscription.seller_id.in_(numbered_when_paid) & (Subscription.timing == "advance")
    )
    on_payment = frozenset(tx.session.scalars(numbered_when_paid))
    checked = select(Service.subscription_id).where(Service.in_review, Service.desired_expires_at.is_(None))
    supplied_later = exists().where(
        ShopSupply.subscription_id == Subscription.id,
        ShopSupply.changes.is_(False),
        ShopSupply.state.in_(["waiting", "held"]),
        ShopSupply.until <= Subscription.paid_through,  # else its money went back
    )
    ending = (
        select(Subscription)
        .where(
            Subscription.id > after_id if only is None else Subscription.id == only,
            Subscription.paid_through.is_(None) | Subscription.id.not_in(checked),
            ~supplied_later,
            or_(
                Subscription.state.in_([*running, State.SUSPENDED.value]) & (Subscription.service_ends_on <= horizon),
                Subscription.state.in_(running) & by_hand & (Subscription.paid_through <= horizon),
            ),
        )
        .order_by(Subscription.id)
        .limit(_BATCH)
    )
    found = tx.session.execute(ending.with_only_columns(Subscription.id, Subscription.service_ends_on)).all()
    ends = {key for key, leaves in found if leaves is not None and leaves <= horizon}
    lock_lapsing(tx, ends, [key for key, _ in found if key not in ends])
    due = tx.session.scalars(ending.with_for_update(skip_locked=True)).all()
    canceled = expired = 0
    for subscription in due:
        today = clock.today_in(subscription.zone)
        if subscription.service_ends_on is not None and subscription.service_ends_on <= today:
            if only is None:
                canceled += _end_apart(tx, subscription)
            else:
                _end(tx, subscription)
                canceled += 1
        elif _over(subscription, today, on_payment):
            move(tx, subscription, Event.EXPIRE, min(today, subscription.paid_through or today))
            withdraw_changes(tx, subscription.id)
            expired += 1
    return Lapsed(canceled, expired, next_after=due[-1].id if len(due) == _BATCH else 0)


def _over(subscription: Subscription, today: date, on_payment: frozenset[int]) -> bool:
    through = subscription.paid_through
    by_hand = subscription.collection == "manual" or (
        subscription.seller_id in on_payment and subscription.timing == "advance"
    )
    unpaid = by_hand and subscription.state != State.SUSPENDED
    return unpaid and through is not None and through <= today


def _end_apart(tx: Tx, subscription: Subscription) -> bool:
    subscription_id = subscription.id
    try:
        with tx.session.begin_nested():
            _end(tx, subscription)
            tx.session.flush()
    except BillheadError as error:
        log.warning("subscription %s can't end: %s", subscription_id, error)
        set_aside(tx, "subscriptions.lapse_one", {"subscription_id": subscription_id})
        return False
    return True


def _end(tx: Tx, subscription: Subscription) -> None:
    today = clock.today_in(subscription.zone)
    withdraw_offers(tx, subscription.id)
    rebill(tx, subscription.id)  # what is billed afterwards has its last part up to the end
    tx.session.refresh(subscription)
    move(tx, subscription, Event.CANCEL, today)
    record(tx, subscription, "ended", today)
    for service in live_services(tx, subscription):
        want(tx, service, lifecycle="unwanted")
