"""The end that a plan has by itself, a fixed term or a season, when another plan comes, now or on a day."""

from datetime import date
from typing import Any

from billhead.actions.billing._limits import lasts, limit_time, limit_until
from billhead.actions.subscriptions._given_since import last_free_time
from billhead.actions.subscriptions._scheduled import BY_PLAN, last_cancel, scheduled_of
from billhead.db import Tx
from billhead.models.catalogue import Plan
from billhead.models.subscriptions import Subscription

__all__ = ["change_ends"]


def change_ends(tx: Tx, subscription: Subscription, before: int, plan_id: int, on: date) -> dict[str, Any]:
    """The end that the plan of before had by itself goes with it, the new one brings its own, counted from the day.

    With another term the plan keeps its end, and what follows then has that term too. Returns what taking it back
    needs. The caller has changed the parts already.
    """
    service, billing = subscription.service_ends_on, subscription.billing_ends_on
    told: dict[str, Any] = {
        "service": service.isoformat() if service else None,
        "billing": billing.isoformat() if billing else None,
        "free_time_id": last_free_time(tx, subscription),
        "withdrew": [],
    }
    old, new = tx.session.get_one(Plan, before), tx.session.get_one(Plan, plan_id)
    waiting = [row for row in scheduled_of(tx, subscription.id) if row.before.get("by") == BY_PLAN]
    followed = [row for row in waiting if row.effective_on >= on]
    for row in followed:
        row.state = "withdrawn"
        told["withdrew"].append(row.id)
    if old is not new:
        if lasts(old) and last_cancel(tx, subscription.id) is None:
            subscription.service_ends_on = subscription.billing_ends_on = None
        limit_time(tx.session, subscription, new, on)
    elif followed:
        limit_until(tx.session, subscription, new, followed[0].effective_on)
    known = {row.id for row in waiting}
    told["follows"] = [row.id for row in scheduled_of(tx, subscription.id) if row.id not in known]
    return told
