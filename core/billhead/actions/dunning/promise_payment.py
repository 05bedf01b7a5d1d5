""" "I pay on Friday": a short credit line that a customer asks for. Until that day the stages stand still."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.documents._disputed import disputed_of, has_undisputed
from billhead.actions.documents._subscriptions import about
from billhead.actions.dunning._debts import is_owed, oldest_due
from billhead.actions.dunning._terms import terms_of_subscription
from billhead.actions.dunning.lift import lift_debt
from billhead.actions.events import emit
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.provisioning.want import want
from billhead.actions.shops._supplying import is_supplied
from billhead.actions.subscriptions._state import live_services, move, record, visible_subscription
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import Conflict, InvalidInput
from billhead.domain.money import Money
from billhead.domain.periods import start_of_day
from billhead.domain.subscription import Event, State
from billhead.models.documents import Document
from billhead.models.dunning import PaymentPromise
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription
from billhead.wording import marked

__all__ = ["PromiseOffer", "Promised", "preview_promise", "promise_payment"]


@dataclass(frozen=True, slots=True)
class PromiseOffer:
    """What may be promised now: `refusal` says why nothing can be, "" where it can.

    `latest` is the last day that may be named, `standing` the day of a promise that is open already, in the customer's
    zone; `restores`: what debt has stopped runs again at once.
    """

    subscription_id: int
    owed: Money
    latest: date
    restores: bool
    refusal: str
    standing: date | None = None


@dataclass(frozen=True, slots=True)
class Promised:
    promise_id: int
    subscription_id: int
    day: str
    restored: bool


def preview_promise(tx: Tx, subscription_id: int) -> PromiseOffer:
    """What `promise_payment` would allow, without doing it. Raises NotFound outside of what this actor may see."""
    return _offer(tx.session, visible_subscription(tx, subscription_id))


@verb("dunning.promise_payment")
def promise_payment(tx: Tx, subscription_id: int, day: date) -> Promised:
    """Promise to pay all that is overdue of a subscription by the end of a day. Customers may, for their own.

    Raises InvalidInput for a day that is over or too late, Conflict when the seller's terms allow no promise now.
    """
    subscription = visible_subscription(tx, subscription_id)
    offer = _offer(tx.session, subscription)
    today = clock.today_in(subscription.zone)
    if offer.standing is not None:
        raise Conflict(f"payment by {offer.standing} is promised already")
    if offer.refusal:
        raise Conflict(offer.refusal, code="no_promise")
    if not today <= day <= offer.latest:
        raise InvalidInput("day", f"must be from {today} to {offer.latest}")
    promise = PaymentPromise(
        customer_id=subscription.customer_id,
        subscription_id=subscription.id,
        asked_on=today,
        day=day,
        currency=offer.owed.currency,
        owed_minor=offer.owed.minor,
        actor=tx.ctx.actor,
        created_at=clock.now(),
    )
    tx.session.add(promise)
    tx.session.flush()
    record(tx, subscription, "payment_promised", today, by=day.isoformat())
    if offer.restores:
        promise.restored = _run_until(tx, subscription, day)
    data = {"promise_id": promise.id, "subscription_id": subscription.id, "day": day.isoformat()}
    emit(tx, "payment.promised", f"subscription:{subscription.id}", data)
    queue_notice(tx, subscription.customer_id, "promised", f"promised:{promise.id}", data)
    return Promised(promise.id, subscription.id, day.isoformat(), promise.restored)


def _offer(session: Session, subscription: Subscription) -> PromiseOffer:
    terms = terms_of_subscription(session, subscription).promises
    today = clock.today_in(subscription.zone)
    seller_today = clock.today_in(session.get_one(Seller, subscription.seller_id).zone)
    owed = _asked_for(session, subscription, seller_today)
    last = session.scalar(
        select(PaymentPromise)
        .where(PaymentPromise.subscription_id == subscription.id)
        .order_by(PaymentPromise.id.desc())
        .limit(1)
    )
    money = Money(owed, subscription.currency)
    broken = last is not None and last.state == "broken" and _still_owes(session, subscription, last)
    refusal = terms.refusal(money, today, last.asked_on if last else None, broken)
    if not refusal and subscription.state in (State.CANCELED, State.PENDING):
        refusal = marked("this subscription does not run")
    standing = last.day if last is not None and last.state == "open" else None
    return PromiseOffer(subscription.id, money, terms.latest(today), terms.restores, refusal, standing)


def _still_owes(session: Session, subscription: Subscription, promise: PaymentPromise) -> bool:
    """Something of what the broken promise had put off; what came due later is another debt."""
    return oldest_due(session, subscription.id, before=promise.closed_on or promise.day) is not None


def _asked_for(session: Session, subscription: Subscription, today: date) -> int:
    """What is overdue, without what is disputed: nobody puts off what nobody asks for."""
    rows = session.execute(
        select(Document.id, Document.total_minor - Document.settled_minor).where(
            about(subscription.id), is_owed(), has_undisputed(), Document.due_on < today
        )
    )
    left = {document_id: int(minor) for document_id, minor in rows}
    disputed = disputed_of(session, left)
    return sum(max(minor - disputed.get(document_id, 0), 0) for document_id, minor in left.items())


def _run_until(tx: Tx, subscription: Subscription, day: date) -> bool:
    """What debt had taken away runs again to the end of the promised day; True if anything changed. In a shop it runs
    as far as the reseller's credits have paid: nobody lends what is taken from them."""
    stopped = subscription.state == State.SUSPENDED
    # the terms of the house allow it, whoever asked
    tx = Tx(Context.system("dunning:promise"), tx.session)
    lifted = lift_debt(tx, subscription.id, promised=True)
    if stopped and lifted.restored:
        move(tx, subscription, Event.FALL_DUE, clock.today_in(subscription.zone))
    until = start_of_day(day + timedelta(days=1), subscription.zone)
    lent = [] if is_supplied(subscription) else live_services(tx, subscription)
    longer = [
        want(tx, service, desired_expires_at=until)
        for service in lent
        if service.desired_expires_at is not None and service.desired_expires_at < until
    ]
    return lifted.restored or lifted.unthrottled or any(longer)
