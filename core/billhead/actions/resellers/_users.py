"""A reseller's subscriber: found by who may see them, with the reseller that pays locked.

Everybody locks in the same order: subscriptions by rising id, then resellers by rising id, then lots. So nobody waits
for each other in a circle.
"""

from collections.abc import Callable, Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.resellers._tree import lock_resellers, lock_rows
from billhead.actions.subscriptions._state import visible_subscription
from billhead.db import Tx
from billhead.domain.errors import Conflict, NotAllowed
from billhead.models.people import Reseller
from billhead.models.subscriptions import Subscription

__all__ = ["lock_paid_by", "paid_with_credits", "with_payer"]

_TRIES = 5


def lock_paid_by(tx: Tx, reseller_id: int, resellers: Callable[[Session], Collection[int]]) -> None:
    """What a reseller pays for, and then these resellers; tried again where a subscription or a reseller has come or
    gone while it was waited for, since what comes late would be locked in the wrong order."""
    paid = select(Subscription.id).where(Subscription.payer_reseller_id == reseller_id).order_by(Subscription.id)
    for _ in range(_TRIES):
        tx.session.flush()
        tried = tx.session.begin_nested()
        subscriptions = tx.session.scalars(paid.with_for_update(key_share=True)).all()
        wanted = set(resellers(tx.session))
        lock_rows(tx, wanted)
        if tx.session.scalars(paid).all() == subscriptions and set(resellers(tx.session)) == wanted:
            tried.commit()
            return
        tried.rollback()
    raise Conflict("others are changing the same right now", code="busy", hint="try again in a moment")


def paid_with_credits(tx: Tx, subscription_id: int) -> Subscription:
    """The subscription, locked. Raises NotFound, Conflict (it is paid by invoice), NotAllowed (customers ask)."""
    subscription = visible_subscription(tx, subscription_id)
    if subscription.settlement != "credits" or subscription.payer_reseller_id is None:
        raise Conflict("this subscription is paid by invoice, not with a reseller's credits")
    if tx.ctx.scope.customer_id is not None:
        raise NotAllowed("your reseller looks after this subscription: ask there")
    return subscription


def with_payer(tx: Tx, subscription_id: int) -> tuple[Subscription, Reseller]:
    """It and its payer, both locked, in that order. Raises also NotAllowed where one of them is suspended."""
    subscription = paid_with_credits(tx, subscription_id)
    (reseller,) = lock_resellers(tx, subscription.payer_reseller_id or 0)
    return subscription, reseller
