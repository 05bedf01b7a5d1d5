"""Days that were given since something was asked for: what is taken back comes back so much later."""

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import func, select

from billhead.db import Tx
from billhead.models.subscriptions import FreeTime, Subscription

__all__ = ["end_of", "given_since", "last_free_time", "length_of"]


def last_free_time(tx: Tx, subscription: Subscription) -> int:
    """The id of the last days that were not charged, for telling which came later."""
    tx.session.flush()
    last = select(func.max(FreeTime.id)).where(FreeTime.subscription_id == subscription.id)
    return tx.session.scalar(last) or 0


def given_since(tx: Tx, subscription: Subscription, free_time_id: int) -> Sequence[FreeTime]:
    row = FreeTime
    return tx.session.scalars(
        select(row)
        .where(row.subscription_id == subscription.id, row.why == "given", row.id > free_time_id)
        .order_by(row.id)
    ).all()


def length_of(given: Sequence[FreeTime]) -> timedelta:
    return sum((end_of(row) - row.starts_on for row in given), timedelta(0))


def end_of(row: FreeTime) -> date:
    assert row.ends_on is not None, "what is given has an end"
    return row.ends_on
