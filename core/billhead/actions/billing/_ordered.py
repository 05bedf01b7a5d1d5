"""What was ordered, as a case for the rater: the lines that its first document has while nobody has paid it."""

from collections.abc import Iterator
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.billing._bridge import bridge_of
from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.billing._coupons import read_reserved, take_off
from billhead.actions.billing._draft import Bridge, Draft, inclusive_of_tax, order_lines
from billhead.actions.billing._rated import Part
from billhead.actions.billing._rating import Case
from billhead.actions.billing._reading import read_buyers
from billhead.db import Tx
from billhead.models.catalogue import Plan
from billhead.models.subscriptions import Subscription, SubscriptionComponent

__all__ = ["ordered_case"]

_OPEN_FOR = timedelta(days=14)
_DAY = timedelta(days=1)


def ordered_case(tx: Tx, subscription_id: int, catalogue: Catalogue) -> Case:
    """An ordered subscription as its first document shows it: from its components, without periods."""
    session = tx.session
    subscription = session.get_one(Subscription, subscription_id)
    components = session.scalars(
        select(SubscriptionComponent)
        .where(SubscriptionComponent.subscription_id == subscription_id)
        .order_by(SubscriptionComponent.id)
    )
    parts = [Part(one.id, one.plan_id, one.price_id, one.quantity, one.starts_on, one.ends_on) for one in components]
    buyer = read_buyers(session, [subscription.customer_id])[subscription.customer_id]
    catalogue.need(
        session,
        sellers={subscription.seller_id},
        plans={part.plan_id for part in parts},
        prices={part.price_id for part in parts},
    )
    currency, today = subscription.currency, clock.today_in(buyer.zone)
    begins = max(today, subscription.started_on)
    reserved = read_reserved(session, catalogue.coupons, subscription_id)
    bridge = None
    if subscription.phase != "trial":
        owner, plan_id = subscription.customer_id, subscription.plan_id
        bridge = bridge_of(session, owner, plan_id, subscription.term, currency, begins, reserved)
    lines, used = take_off(order_lines(parts, catalogue, currency, subscription.phase, bridge), reserved)
    until = begins if begins > today else today + _OPEN_FOR
    draft = Draft(
        "proforma",
        currency,
        lines,
        inclusive_of_tax(parts, catalogue),
        None,
        due_on=min([until, *_last_days(session, subscription, bridge)]),
        used=used,
    )
    return Case(draft, buyer, subscription.seller_id, subscription_id, None, today)


def _last_days(session: Session, subscription: Subscription, bridge: Bridge | None) -> Iterator[date]:
    """When it must be paid at last: before the account's day, and before the season ends. A fixed term only begins when
    it is paid."""
    if bridge is not None and bridge.whole.start < bridge.period.start:
        yield bridge.whole.end - _DAY
    season_ends_on = session.get_one(Plan, subscription.plan_id).season_ends_on
    if season_ends_on is not None and season_ends_on > subscription.started_on:
        yield season_ends_on - _DAY
