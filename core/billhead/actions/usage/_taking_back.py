"""A draft that billed usage comes to nothing: its stretches are rated anew, and what they come to is billed again."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import func, select

from billhead import clock
from billhead.db import Tx
from billhead.models.documents import DocumentLine
from billhead.models.usage import UsageBilled, UsageMeter, UsageMetric

__all__ = ["USAGE", "take_back_usage"]

USAGE = "usage:"
"""With the metric's code, the kind of a line over use."""


def take_back_usage(tx: Tx, lines: Sequence[DocumentLine]) -> None:
    """Called for the usage lines of one subscription, before their keys are given up.

    The meter stays where it is. What the lines had billed is taken off, as a further revision, so that the next run
    finds the same difference as for events that come late.
    """
    session = tx.session
    for line in lines:
        same = (
            UsageBilled.subscription_id == line.subscription_id,
            UsageBilled.component_id == line.component_id,
            UsageBilled.period_start == line.period_start,
            UsageMetric.code == line.kind.removeprefix(USAGE),
        )
        join = select(UsageBilled).join(UsageMetric, UsageMetric.id == UsageBilled.metric_id).where(*same)
        billed = session.scalars(join.where(UsageBilled.revision == line.revision)).one()
        last = session.scalar(join.with_only_columns(func.max(UsageBilled.revision))) or 0
        undone = {name: getattr(billed, name) for name in _SAME}
        session.add(
            UsageBilled(**undone, revision=last + 1, amount_minor=-billed.amount_minor, recorded_at=clock.now())
        )
        meter = session.get_one(UsageMeter, billed.subscription_id, with_for_update=True, populate_existing=True)
        meter.late_at = billed.from_at if meter.late_at is None else min(meter.late_at, billed.from_at)
        meter.due_on = meter.due_on or (clock.business_now() + timedelta(days=1)).date()
        meter.stamp += 1
        session.flush()


_SAME = (
    "subscription_id", "component_id", "metric_id", "period_start", "period_end", "from_at", "to_at", "events", "used",
    "allowance", "days", "cycle_days",
)  # fmt: skip
