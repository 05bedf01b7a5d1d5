"""The proforma of a change is paid: make the change as of today, if it still can be made for what was paid."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.billing._extended import lost_days
from billhead.actions.billing.rebill import Desk, preview_rebill
from billhead.actions.events import emit
from billhead.actions.shops._changing import has_price
from billhead.actions.shops._supplying import is_supplied
from billhead.actions.subscriptions._making import make_change
from billhead.actions.subscriptions._own_ends import with_own_end
from billhead.actions.subscriptions._sale import AddOnOrder
from billhead.actions.subscriptions._state import record, visible_subscription
from billhead.actions.subscriptions._steps import Steps, history_after, steps_of
from billhead.actions.subscriptions._wish import ChangeWish, resolved
from billhead.db import Tx
from billhead.domain.errors import BillheadError, Conflict
from billhead.domain.subscription import RUNNING
from billhead.models.documents import Document
from billhead.models.subscriptions import Subscription, SubscriptionChange

__all__ = ["offered_change", "settle_change"]


def offered_change(session: Session, proforma_id: int) -> SubscriptionChange | None:
    """The change that a proforma is for, also one that was withdrawn meanwhile."""
    return session.scalar(select(SubscriptionChange).where(SubscriptionChange.document_id == proforma_id))


def settle_change(tx: Tx, proforma: Document, change: SubscriptionChange) -> int | None:
    """Make the change and return its invoice; None where there is none: the money is then the customer's credit.

    Paid on a later day it costs less, and the rest is credit. Where it would cost more by now (a new period began), or
    can't be made any more, nothing is changed and staff are told.
    """
    subscription = visible_subscription(tx, change.subscription_id)
    try:
        steps = _steps(tx, subscription, change, proforma.total_minor)
    except BillheadError as refused:
        _not_made(tx, subscription, change, refused.message)
        return None
    if steps is None:
        _not_made(tx, subscription, change, "it costs more than was paid by now")
        return None
    done = make_change(tx, subscription, steps, steps.item.target, paid_now=True)
    change.state = "done"
    return done.document_id if done.total_minor >= 0 else None


def _steps(tx: Tx, subscription: Subscription, change: SubscriptionChange, paid_minor: int) -> Steps | None:
    if change.state != "offered" or subscription.state not in RUNNING:
        return None
    desk = Desk()
    history = desk.history(tx.session, subscription.id)
    today = history.item.target
    asked = resolved(tx, subscription, history, _wish(subscription.id, change.wish), today)
    wanted = {"plans": {one.plan_id for one in asked.parts}, "prices": {one.price_id for one in asked.parts}}
    desk.catalogue.need(tx.session, **wanted)
    to, may_begin = (asked.plan.id, asked.term), not is_supplied(subscription)
    steps = steps_of(
        history.item, asked.parts, today, plan_id=to[0], term=to[1], catalogue=desk.catalogue, may_begin=may_begin
    )
    steps = with_own_end(tx, subscription, steps, today)
    if lost_days(history, steps.item, today, desk.catalogue):  # it was offered on the first day of a period
        raise Conflict("a part of a period costs its full price here, and no day can be added for the rest of it")
    rated = preview_rebill(tx.session, desk, history_after(history, steps, today), credit=False)
    if not rated.kind and is_supplied(subscription):  # nothing is billed that its credits could be asked for
        raise Conflict("no day of it that was billed is left")
    if is_supplied(subscription) and not has_price(tx, subscription, asked.parts):
        raise Conflict("it has no price in credits for the days that are left")
    costs = rated.total_minor if rated.kind == "invoice" else 0
    return steps if costs <= paid_minor else None


def _wish(subscription_id: int, stored: dict[str, Any]) -> ChangeWish:
    addons = stored["addons"]
    orders = None if addons is None else tuple(AddOnOrder(**one) for one in addons)
    return ChangeWish(subscription_id, stored["plan"], stored["term"], orders, quantity=stored.get("quantity"))


def _not_made(tx: Tx, subscription: Subscription, change: SubscriptionChange, why: str) -> None:
    if change.state == "offered":
        change.state = "withdrawn"
    record(tx, subscription, "change_not_made", change.effective_on, why=why, document_id=change.document_id)
    data = {"subscription_id": subscription.id, "document_id": change.document_id, "why": why}
    emit(tx, "subscription.change_not_made", f"subscription:{subscription.id}", data)
