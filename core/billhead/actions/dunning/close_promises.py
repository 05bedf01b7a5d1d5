"""Promises whose day is over: kept if nothing is overdue any more, otherwise broken, and the stages go on."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from billhead import clock
from billhead.actions.dunning._debts import oldest_due
from billhead.actions.events import emit
from billhead.actions.provisioning.want import want
from billhead.actions.shops._supplying import is_supplied
from billhead.actions.subscriptions._state import live_services, record
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.periods import start_of_day
from billhead.models.dunning import PaymentPromise
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription

__all__ = ["ClosedPromises", "close_promises"]

_BATCH = 500


@dataclass(frozen=True, slots=True)
class ClosedPromises:
    """`next_after` is where the next batch goes on; 0 when all were looked at."""

    kept: int
    broken: int
    next_after: int


@verb("dunning.close_promises", permission="subscriptions.write")
def close_promises(tx: Tx, after_id: int = 0) -> ClosedPromises:
    """One batch by id. What a broken promise had kept running ends where the paid time does; the debt is as old as if
    nothing had been promised."""
    latest = clock.latest_today()
    due = tx.session.scalars(
        select(PaymentPromise)
        .where(PaymentPromise.state == "open", PaymentPromise.day < latest, PaymentPromise.id > after_id)
        .order_by(PaymentPromise.id)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    kept = broken = 0
    for promise in due:
        subscription = tx.session.get_one(Subscription, promise.subscription_id)
        today = clock.today_in(subscription.zone)
        if promise.day >= today:
            continue
        seller = tx.session.get_one(Seller, subscription.seller_id)
        promise.closed_on = today
        if oldest_due(tx.session, subscription.id, before=clock.today_in(seller.zone)) is None:
            promise.state = "kept"
            kept += 1
        else:
            promise.state = "broken"
            broken += 1
            _end_what_was_lent(tx, subscription, promise, seller.grace_hours)
    return ClosedPromises(kept, broken, due[-1].id if len(due) == _BATCH else 0)


def _end_what_was_lent(tx: Tx, subscription: Subscription, promise: PaymentPromise, grace_hours: int) -> None:
    record(tx, subscription, "promise_broken", promise.closed_on or promise.day)
    data = {"promise_id": promise.id, "subscription_id": subscription.id}
    emit(tx, "payment.promise_broken", f"subscription:{subscription.id}", data)
    if subscription.paid_through is None or is_supplied(subscription):
        return  # nothing was lent
    lent_until = start_of_day(promise.day + timedelta(days=1), subscription.zone)
    paid_until = start_of_day(subscription.paid_through, subscription.zone) + timedelta(hours=grace_hours)
    for service in live_services(tx, subscription):
        if service.desired_expires_at == lent_until:
            want(tx, service, desired_expires_at=paid_until)
