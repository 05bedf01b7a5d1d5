"""A reseller's subscriber: found by who may see them, with the reseller that pays locked.

Everybody locks in the same order: subscriptions by rising id, then resellers by rising id, then lots. So nobody waits
for each other in a circle.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple, TypeVar

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from billhead.actions.resellers._tree import lock_resellers, lock_rows, sells_nothing, stopped_among, subtree
from billhead.actions.subscriptions._state import visible_subscription
from billhead.db import Tx
from billhead.domain.errors import BillheadError, Conflict, NotAllowed, NotFound
from billhead.models.credits import CreditHold
from billhead.models.people import Customer, Reseller
from billhead.models.subscriptions import Service, Subscription

__all__ = ["Paying", "lock_paid_by", "of_each", "of_one", "paid_with_credits", "payers_of", "with_payer", "with_payers"]

_TRIES = 5
T = TypeVar("T")


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
    _refuse_invoiced(tx, subscription)
    return subscription


def _refuse_invoiced(tx: Tx, subscription: Subscription) -> None:
    if subscription.settlement != "credits" or subscription.payer_reseller_id is None:
        raise Conflict("this subscription is paid by invoice, not with a reseller's credits")
    if tx.ctx.scope.customer_id is not None:
        raise NotAllowed("your reseller looks after this subscription: ask there")


def with_payer(tx: Tx, subscription_id: int) -> tuple[Subscription, Reseller]:
    """It and its payer, both locked, in that order. Raises also NotAllowed where one of them is suspended."""
    subscription = paid_with_credits(tx, subscription_id)
    (reseller,) = lock_resellers(tx, subscription.payer_reseller_id or 0)
    return subscription, reseller


def payers_of(subscriptions: Collection[int]) -> Select[int]:
    """The ids of all that have ever paid for them with credits."""
    paid = select(CreditHold.reseller_id).join(Service, Service.id == CreditHold.service_id)
    return paid.where(Service.subscription_id.in_(subscriptions)).distinct()


class Paying(NamedTuple):
    subscription: Subscription
    reseller: Reseller
    customer: Customer


def with_payers(
    tx: Tx, subscriptions: Collection[int], *, paid_before: bool = False
) -> dict[int, Paying | BillheadError]:
    """As `with_payer`, of many in a few queries: locked in that order, each with its payer or what it would raise.
    `paid_before`: who had paid for them earlier is locked with who pays now, as it has to be where credits come back.
    """
    session, scope = tx.session, tx.ctx.scope
    session.flush()
    locked = select(Subscription).where(Subscription.id.in_(subscriptions)).order_by(Subscription.id).with_for_update()
    rows = {row.id: row for row in session.scalars(locked.execution_options(populate_existing=True))}
    now = {row.payer_reseller_id for row in rows.values() if row.payer_reseller_id is not None}
    payers = lock_rows(tx, {*now, *(session.scalars(payers_of(rows)) if paid_before else ())})
    owners = select(Customer).where(Customer.id.in_({row.customer_id for row in rows.values()}))
    customers = {row.id: row for row in session.scalars(owners)}
    below = set() if scope.reseller_id is None else set(session.scalars(subtree(scope.reseller_id)))
    stopped = {} if scope.everything else stopped_among(session, {*payers, scope.reseller_id or 0})

    def paying(key: int) -> Paying:
        row = rows.get(key)
        owner = None if row is None else customers[row.customer_id]
        seen = owner is not None and (scope.everything or scope.customer_id == owner.id or owner.reseller_id in below)
        if row is None or owner is None or not seen:
            raise NotFound("subscription", key)
        _refuse_invoiced(tx, row)
        payer = payers.get(row.payer_reseller_id or 0)
        if payer is None or payer.removed_on is not None or not (scope.everything or payer.id in below):
            raise NotFound("reseller", row.payer_reseller_id or 0)
        for one in (scope.reseller_id or 0, payer.id):
            if one in stopped:
                raise sells_nothing(stopped[one])
        return Paying(row, payer, owner)

    return _each(subscriptions, paying)


def _each(subscriptions: Iterable[int], check: Callable[[int], T]) -> dict[int, T | BillheadError]:
    found: dict[int, T | BillheadError] = {}
    for key in subscriptions:
        try:
            found[key] = check(key)
        except BillheadError as error:
            found[key] = error
    return found


def of_each(payers: Mapping[int, Paying | BillheadError], check: Callable[[Paying], T]) -> dict[int, T | BillheadError]:
    """Of what `with_payers` has found: what the check of each returns, or what it would raise."""

    def checked(key: int) -> T:
        one = payers[key]
        if isinstance(one, BillheadError):
            raise one
        return check(one)

    return _each(payers, checked)


def of_one(found: Mapping[int, T | BillheadError], subscription_id: int) -> T:
    """Of what was asked of many, that of one alone. Raises what it is refused with."""
    one = found[subscription_id]
    if isinstance(one, BillheadError):
        raise one
    return one
