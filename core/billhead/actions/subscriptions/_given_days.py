"""Days that are given: to whom they can be, how many, and how one subscription gets them."""

from typing import Any

from sqlalchemy import ColumnElement

from billhead import clock
from billhead.actions.subscriptions._free_time import give_time
from billhead.actions.subscriptions._state import record, visible_subscription
from billhead.db import Tx
from billhead.domain.errors import InvalidInput
from billhead.domain.subscription import STANDING
from billhead.models.subscriptions import Subscription
from billhead.wording import marked

__all__ = ["NO_DAYS", "checked_days", "give_days_to"]

_MOST = 366

NO_DAYS: tuple[tuple[ColumnElement[bool], str], ...] = (
    (Subscription.state.not_in([one.value for one in STANDING]), marked("it does not run")),
    (Subscription.timing != "advance", "it is paid afterwards"),
    (Subscription.paid_through.is_(None), "nothing of it was paid yet"),
)
"""Who can't get any, and why: only what was paid in advance is made longer."""


def checked_days(days: Any) -> int:
    if type(days) is not int or not 1 <= days <= _MOST:
        raise InvalidInput("days", f"must be a whole number from 1 to {_MOST}, got {days!r}")
    return days


def give_days_to(tx: Tx, subscription_id: int, days: int, why: str, gift_id: int | None = None) -> None:
    """Paid time ends so many days later, on the panels too, and nobody pays for them; `why` stands in its history."""
    subscription = visible_subscription(tx, subscription_id)
    today = clock.today_in(subscription.zone)
    until = give_time(tx, subscription, days, today, gift_id)
    record(tx, subscription, "days_given", today, days=days, until=until.isoformat(), why=why)
