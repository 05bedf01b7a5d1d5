"""A customer's saved methods in their order, and what becomes of one that was declined for good."""

from datetime import timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import NotFound
from billhead.domain.payment import DeclineClass
from billhead.models.payments import GatewayAccount, PaymentAttempt, PaymentMethod
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription
from billhead.plugin_host import gateway_abilities

__all__ = ["MOST_TRIES", "first_usable", "has_default", "put_first", "stop_method", "tried_too_often", "visible_method",
           "ways_to_save"]  # fmt: skip

MOST_TRIES = 15
"""Declines of one card in 30 days, by whatever invoices: more are fined by the card networks (Visa: 15)."""
_WINDOW = timedelta(days=30)


def first_usable(tx: Tx, customer_id: int, currency: str) -> PaymentMethod | None:
    """The first in the customer's order that can be charged: its account is there and takes the currency."""
    rows = tx.session.execute(
        select(PaymentMethod, GatewayAccount)
        .join(GatewayAccount, GatewayAccount.id == PaymentMethod.account_id)
        .where(PaymentMethod.customer_id == customer_id, PaymentMethod.usable, GatewayAccount.enabled)
        .order_by(PaymentMethod.is_default.desc(), PaymentMethod.position, PaymentMethod.id.desc())
    )
    return next((one for one, account in rows if not account.currencies or currency in account.currencies), None)


def ways_to_save(session: Session, customer_id: int) -> list[GatewayAccount]:
    """Where a method can be saved without paying, in the seller's order."""
    accounts = session.scalars(
        select(GatewayAccount)
        .join(Customer, Customer.seller_id == GatewayAccount.seller_id)
        .where(Customer.id == customer_id, GatewayAccount.enabled, GatewayAccount.paused_because == "")
        .order_by(GatewayAccount.position, GatewayAccount.id)
    )
    return [one for one in accounts if gateway_abilities(one.gateway).save_unpaid]


def visible_method(session: Session, ctx: Context, method_id: int) -> PaymentMethod:
    """Raises NotFound: not theirs, or removed."""
    method, scope = session.get(PaymentMethod, method_id), ctx.scope
    if method is None or not method.token or not (scope.everything or scope.customer_id == method.customer_id):
        raise NotFound("payment method", method_id)
    return method


def has_default(tx: Tx, customer_id: int) -> bool:
    """There is a method that is charged by itself."""
    mine = PaymentMethod.customer_id == customer_id, PaymentMethod.usable, PaymentMethod.is_default
    return tx.session.scalar(select(PaymentMethod.id).where(*mine).limit(1)) is not None


def put_first(tx: Tx, method: PaymentMethod) -> None:
    """It is charged from now on, before the others; these keep their order behind it."""
    mine = PaymentMethod.customer_id == method.customer_id
    lowest = tx.session.scalar(select(func.min(PaymentMethod.position)).where(mine, PaymentMethod.id != method.id))
    for other in tx.session.scalars(select(PaymentMethod).where(mine)):
        other.is_default = False
    method.is_default, method.position = True, (lowest or 0) - 1


def stop_method(tx: Tx, method: PaymentMethod, currency: str) -> PaymentMethod | None:
    """It was declined for good: the next in the customer's order takes its place, also for what it was chosen for."""
    method.usable = False
    following = first_usable(tx, method.customer_id, currency)
    if following is None:
        return None
    if method.is_default:
        put_first(tx, following)
    chosen = select(Subscription).where(Subscription.payment_method_id == method.id).with_for_update()
    for subscription in tx.session.scalars(chosen):
        subscription.payment_method_id = following.id
        subscription.version += 1
    return following


def tried_too_often(tx: Tx, method: PaymentMethod) -> bool:
    """The same card counts once, however often it is saved."""
    same = [PaymentMethod.id == method.id]
    if method.fingerprint:
        same.append(PaymentMethod.fingerprint == method.fingerprint)
    declined = (
        select(func.count())
        .select_from(PaymentAttempt)
        .join(PaymentMethod, PaymentMethod.id == PaymentAttempt.method_id)
        .where(
            or_(*same),
            PaymentAttempt.off_session,
            PaymentAttempt.created_at > clock.business_now() - _WINDOW,
            PaymentAttempt.decline_class.in_([DeclineClass.SOFT.value, DeclineClass.HARD.value]),
        )
    )
    return int(tx.session.scalar(declined) or 0) >= MOST_TRIES
