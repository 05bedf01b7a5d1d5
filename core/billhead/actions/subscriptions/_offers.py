"""Proformas of a subscription that runs: a change that waits to be paid, and what nobody shall pay any more."""

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, select, update

from billhead import clock
from billhead.actions.billing._rated import Rated
from billhead.actions.billing.issue_invoice import issue_invoice
from billhead.actions.coupons._entering import lock_orders
from billhead.actions.documents._subscriptions import about, subscriptions_of
from billhead.actions.documents._withdrawing import withdraw
from billhead.actions.subscriptions._state import visible_subscription
from billhead.db import Tx
from billhead.domain.document import Kind, ProformaState
from billhead.models.documents import Document
from billhead.models.subscriptions import Subscription, SubscriptionChange

__all__ = ["offer_change", "subscription_to_end", "withdraw_offers"]


def offer_change(tx: Tx, subscription: Subscription, rated: Rated, wish: dict[str, Any], today: date) -> int:
    """Write the proforma over the difference that `rated` shows; returns its id. It is good for the day.

    Paid later, the change counts from that day and costs what it costs then, which is never more within a period.
    """
    lines = tuple(
        line._replace(
            component_id=None if (line.component_id or 0) < 0 else line.component_id,
            period_start=None,
            period_end=None,
            detail=None,
        )
        for line in rated.lines
    )
    offer = rated._replace(
        kind="proforma",
        due_on=today,
        lines=lines,
        taken=(),
        credit_minor=0,
        advance=None,
        corrects_id=None,
        draft="",
        hold=rated.draft,
    )
    document_id = issue_invoice(tx, offer).document_id
    tx.session.add(
        SubscriptionChange(
            subscription_id=subscription.id,
            kind="change",
            state="offered",
            effective_on=today,
            document_id=document_id,
            wish=wish,
            recorded_at=clock.now(),
        )
    )
    return document_id


def subscription_to_end(tx: Tx, subscription_id: int) -> Subscription:
    """As `visible_subscription`, for whoever ends or changes it: locked after what is open of it, and whatever else was
    ordered on that. In this order whoever is paid locks them too."""
    mine = select(Document.id).where(*_open_of(subscription_id)).order_by(Document.id)
    offers = tx.session.scalars(mine.with_for_update()).all()
    lock_orders(tx, {subscription_id, *(one for offer in offers for one in subscriptions_of(tx.session, offer))})
    return visible_subscription(tx, subscription_id)


def _open_of(subscription_id: int) -> tuple[ColumnElement[bool], ...]:
    states = [ProformaState.OPEN.value, ProformaState.EXPIRED.value]
    return about(subscription_id), Document.kind == Kind.PROFORMA.value, Document.state.in_(states)


def withdraw_offers(tx: Tx, subscription_id: int) -> None:
    """Nobody pays for time that will not come, or for a change that was made otherwise: what is open becomes void."""
    tx.session.flush()
    mine = select(Document).where(*_open_of(subscription_id)).execution_options(populate_existing=True)
    offers = tx.session.scalars(mine)
    for offer in offers.all():
        withdraw(tx, offer, subscription_id)
    tx.session.execute(
        update(SubscriptionChange)
        .where(SubscriptionChange.subscription_id == subscription_id, SubscriptionChange.state == "offered")
        .values(state="withdrawn")
    )
