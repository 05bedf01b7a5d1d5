"""Give a running subscription a coupon: it makes the next cycle cheaper that is billed."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from billhead import clock
from billhead.actions.catalogue._holding import holding_minor
from billhead.actions.coupons._entering import Entered, reserve
from billhead.actions.subscriptions._state import record, visible_subscription
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict
from billhead.domain.subscription import RUNNING, State
from billhead.models.catalogue import Price
from billhead.models.coupons import Coupon, CouponRedemption
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription, SubscriptionComponent

__all__ = ["Redeemed", "redeem_coupon"]


@dataclass(frozen=True, slots=True)
class Redeemed:
    subscription_id: int
    code: str


@verb("coupons.redeem", permission="subscriptions.write")
def redeem_coupon(tx: Tx, subscription_id: int, code: str) -> Redeemed:
    """Raises NotFound, InvalidInput (why the code can't be used) or Conflict (not running, or it has the coupon)."""
    subscription = visible_subscription(tx, subscription_id)
    if State(subscription.state) not in RUNNING or subscription.settlement != "invoice":
        raise Conflict("only a running subscription that is paid by invoice can get a coupon")
    code = code.strip().upper()
    had = select(CouponRedemption.id).join(Coupon, Coupon.id == CouponRedemption.coupon_id)
    mine = had.where(CouponRedemption.subscription_id == subscription_id, Coupon.code == code)
    if tx.session.scalar(mine.limit(1)) is not None:
        raise Conflict(f"this subscription has {code} already")
    customer = tx.session.get_one(Customer, subscription.customer_id)
    reserve(tx, _entered(tx, subscription, customer), [code], state="active")
    subscription.version += 1
    record(tx, subscription, "coupon_given", clock.today_in(subscription.zone), code=code)
    return Redeemed(subscription_id, code)


def _entered(tx: Tx, subscription: Subscription, customer: Customer) -> Entered:
    today = clock.today_in(subscription.zone)
    parts: Sequence[tuple[int, int, int]] = [
        (plan_id, quantity, minor)
        for plan_id, quantity, minor in tx.session.execute(
            select(SubscriptionComponent.plan_id, SubscriptionComponent.quantity, holding_minor(today))
            .join(Price, Price.id == SubscriptionComponent.price_id)
            .where(SubscriptionComponent.subscription_id == subscription.id, SubscriptionComponent.ends_on.is_(None))
        )
    ]
    return Entered(
        subscription.seller_id,
        subscription.currency,
        customer.country,
        today,
        frozenset(plan_id for plan_id, _, _ in parts),
        subscription.term,
        sum(quantity * minor for _, quantity, minor in parts),
        customer.id,
        subscription.id,
    )
