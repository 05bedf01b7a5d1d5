"""The chosen subscriptions one by one, before it is done: from what to what each of them goes, and who is left out why.

What is shown is what the deed itself does to each, in transactions that are rolled back.
"""

from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any

from sqlalchemy import Select, select

from billhead.actions.bulk._kinds import KINDS
from billhead.actions.bulk.ask_bulk import BulkWish
from billhead.actions.rehearse import rehearse
from billhead.db import Tx, reading
from billhead.domain.context import Context
from billhead.domain.errors import BillheadError
from billhead.models.bulk import BulkAction
from billhead.models.catalogue import Plan
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription

__all__ = ["EachBefore", "each_before"]

_SHOWN = 25


@dataclass(frozen=True, slots=True)
class EachBefore:
    """One subscription. `before` and `after` are what its kind `shows`: a state, or the first day after half-open days
    (None: there is none). `left_out` says why nothing is done to it."""

    id: int
    customer_id: int
    customer: str
    email: str
    plan: str
    before: date | str | None
    after: date | str | None
    left_out: str


def each_before(ctx: Context, wish: BulkWish, chosen: Select[Any], after_id: int = 0) -> tuple[list[EachBefore], bool]:
    """The next 25 of the chosen by their number, those that are left out among them; and do more follow? What the
    deed itself refuses stands there as it will in the results."""
    query = (
        select(Subscription.id)
        .where(Subscription.id.in_(select(chosen.subquery().c[0])), Subscription.seller_id == wish.seller_id)
        .where(Subscription.id > after_id)
        .order_by(Subscription.id)
        .limit(_SHOWN + 1)
    )
    with reading() as session:
        keys = session.scalars(query).all()
    ctx = replace(ctx, idempotency_key=None, reason=ctx.reason or "preview")
    # each by itself, as it will be done: what one has locked is free again before the next is waited for
    return [rehearse(ctx, partial(_one, wish=wish, key=key)) for key in keys[:_SHOWN]], len(keys) > _SHOWN


def _one(tx: Tx, wish: BulkWish, key: int) -> EachBefore:
    kind = KINDS[wish.kind]
    row = (
        select(Subscription, Customer, Plan.name, kind.why_not())
        .join(Customer, Customer.id == Subscription.customer_id)
        .join(Plan, Plan.id == Subscription.plan_id)
        .where(Subscription.id == key)
    )
    subscription, customer, plan, left_out = tx.session.execute(row).one()
    before = after = getattr(subscription, kind.shows) if kind.shows else None
    if kind.shows and not left_out:
        try:
            with tx.session.begin_nested():
                kind.act(tx, BulkAction(kind=wish.kind, wish=dict(wish.more), reason=tx.ctx.reason), subscription.id)
                tx.session.flush()
                after = getattr(subscription, kind.shows)
        except BillheadError as refused:
            left_out = refused.message
    return EachBefore(subscription.id, customer.id, customer.name, customer.email, plan, before, after, left_out)
