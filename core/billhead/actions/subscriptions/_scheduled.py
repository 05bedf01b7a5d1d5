"""Changes that wait for their day."""

from datetime import date
from typing import Any

from sqlalchemy import select

from billhead import clock
from billhead.db import Tx
from billhead.models.subscriptions import Subscription, SubscriptionChange

__all__ = ["drop_scheduled", "schedule", "scheduled_of"]


def schedule(
    tx: Tx, subscription: Subscription, kind: str, on: date, wish: dict[str, Any], before: dict[str, Any] | None = None
) -> SubscriptionChange:
    row = SubscriptionChange(
        subscription_id=subscription.id,
        kind=kind,
        state="scheduled",
        effective_on=on,
        wish=wish,
        before=before or {},
        recorded_at=clock.now(),
    )
    tx.session.add(row)
    return row


def scheduled_of(tx: Tx, subscription_id: int) -> list[SubscriptionChange]:
    """What waits for its day, earliest first."""
    tx.session.flush()
    change = SubscriptionChange
    return list(
        tx.session.scalars(
            select(change)
            .where(change.subscription_id == subscription_id, change.state == "scheduled")
            .order_by(change.effective_on, change.id)
        )
    )


def drop_scheduled(tx: Tx, subscription_id: int, kind: str) -> None:
    for row in scheduled_of(tx, subscription_id):
        if row.kind == kind:
            row.state = "withdrawn"
