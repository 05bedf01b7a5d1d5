"""Days that are given: to whom they can be, how many, and how one subscription gets them."""

from typing import Any

from sqlalchemy import ColumnElement, and_, select

from billhead import clock
from billhead.actions.subscriptions._free_time import give_time, spare_days
from billhead.actions.subscriptions._state import record, visible_subscription
from billhead.db import Tx
from billhead.domain.errors import InvalidInput
from billhead.domain.proration import ProrationMode
from billhead.domain.subscription import STANDING
from billhead.models.catalogue import Plan
from billhead.models.subscriptions import Subscription
from billhead.wording import marked

__all__ = ["NO_DAYS", "checked_days", "give_days_to"]

_MOST = 366
_WHOLE = [ProrationMode.NONE.value, ProrationMode.EXTEND.value]
_AFTERWARDS = Subscription.timing == "arrears"
_priced = select(Plan.proration).where(Plan.id == Subscription.plan_id).correlate(Subscription).scalar_subquery()

NO_DAYS: tuple[tuple[ColumnElement[bool], str], ...] = (
    (Subscription.state.not_in([one.value for one in STANDING]), marked("it does not run")),
    (and_(_AFTERWARDS, _priced.in_(_WHOLE)), marked("it is paid afterwards, in whole periods")),
    (and_(~_AFTERWARDS, Subscription.paid_through.is_(None)), marked("nothing of it was paid yet")),
)
"""Who can't get any, and why: what was paid is made longer, and what is paid afterwards is billed for fewer days."""


def checked_days(days: Any) -> int:
    if type(days) is not int or not 1 <= days <= _MOST:
        raise InvalidInput("days", f"must be a whole number from 1 to {_MOST}, got {days!r}")
    return days


def give_days_to(tx: Tx, subscription_id: int, days: int, why: str, gift_id: int | None = None) -> None:
    """Paid time ends so many days later, on the panels too, and nobody pays for them; of what is paid afterwards the
    next bill leaves so many out. `why` stands in its history."""
    subscription = visible_subscription(tx, subscription_id)
    today = clock.today_in(subscription.zone)
    told = {"days": days, "why": why}
    if subscription.timing == "arrears":
        spare_days(tx, subscription, days, today, gift_id)
    else:
        told["until"] = give_time(tx, subscription, days, today, gift_id).isoformat()
    record(tx, subscription, "days_given", today, **told)
