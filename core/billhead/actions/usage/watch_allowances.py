"""Tell customers how much of what is included they have used: at 80 % and when it is all, once a period each."""

from sqlalchemy import select, update

from billhead import clock
from billhead.actions.events import emit
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.usage.current_usage import UsageNow, current_usage
from billhead.db import Tx
from billhead.domain.subscription import RUNNING
from billhead.models.subscriptions import Subscription
from billhead.models.usage import UsageAlert, UsageMeter

__all__ = ["THRESHOLDS", "watch_allowances"]

THRESHOLDS = (80, 100)
_CHUNK = 500


def watch_allowances(tx: Tx, *, after: int = 0) -> int | None:
    """Look at the next subscriptions whose events have changed since; returns the last id, None when all are done."""
    session = tx.session
    rows = session.execute(
        select(UsageMeter.subscription_id, UsageMeter.stamp, Subscription.customer_id)
        .join(Subscription, Subscription.id == UsageMeter.subscription_id)
        .where(UsageMeter.stamp > UsageMeter.watched, UsageMeter.subscription_id > after)
        .where(Subscription.state.in_([state.value for state in RUNNING]))
        .order_by(UsageMeter.subscription_id)
        .limit(_CHUNK)
    ).all()
    if not rows:
        return None
    payers = {subscription_id: customer_id for subscription_id, _, customer_id in rows}
    for found in current_usage(session, list(payers)).values():
        for one in found:
            _tell(tx, one, payers[one.subscription_id])
    for subscription_id, stamp, _ in rows:
        # events that came in meanwhile have moved the stamp on, and are looked at next time
        session.execute(update(UsageMeter).where(UsageMeter.subscription_id == subscription_id).values(watched=stamp))
    return int(rows[-1][0])


def _tell(tx: Tx, one: UsageNow, customer_id: int) -> None:
    """Only of the highest threshold that is new: who has used it all is not told of the 80 % as well."""
    reached = [percent for percent in THRESHOLDS if one.percent is not None and one.percent >= percent]
    new = [percent for percent in reached if tx.session.get(UsageAlert, _key(one, percent)) is None]
    for percent in new:
        subscription_id, metric_id, start, _ = _key(one, percent)
        about = {"subscription_id": subscription_id, "metric_id": metric_id, "period_start": start}
        tx.session.add(UsageAlert(**about, percent=percent, at=clock.now()))
    if not new or max(new) != max(reached):
        return
    data = {"subscription_id": one.subscription_id, "metric_id": one.metric_id, "percent": max(new)}
    emit(tx, "usage.threshold", f"subscription:{one.subscription_id}", data)
    key = f"allowance:{one.subscription_id}:{one.metric_id}:{one.starts_on.isoformat()}:{max(new)}"
    queue_notice(tx, customer_id, "allowance", key, data)


def _key(one: UsageNow, percent: int) -> tuple[int, int, object, int]:
    return one.subscription_id, one.metric_id, one.starts_on, percent
