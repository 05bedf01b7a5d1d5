"""Say how viewings of a kind become a metric."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput
from billhead.domain.usage import Aggregation
from billhead.models.usage import UsageMetric
from billhead.models.viewings import ViewingRule
from billhead.plugin import ViewingKind

__all__ = ["MEASURES", "RuleSaved", "ViewingMeasure", "save_viewing_rule"]

MEASURES = ("hours", "minutes", "views")
_MOST_ITEMS = 1000


@dataclass(frozen=True, slots=True)
class ViewingMeasure:
    kind: str
    metric: str
    measure: str
    least_seconds: int = 60
    gap_minutes: int = 240
    items: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class RuleSaved:
    rule_id: int


@verb("viewings.save_rule", permission="catalogue.write")
def save_viewing_rule(tx: Tx, seller_id: int, told: ViewingMeasure) -> RuleSaved:
    """One for the same kind and metric is replaced. It holds for what is read from now on.

    Raises InvalidInput naming the field: a metric that the seller has not, or that does not count so.
    """
    metric = tx.session.scalar(
        select(UsageMetric).where(UsageMetric.seller_id == seller_id, UsageMetric.code == told.metric)
    )
    if told.kind not in list(ViewingKind):
        raise InvalidInput("kind", f"is one of {', '.join(ViewingKind)}")
    if told.measure not in MEASURES:
        raise InvalidInput("measure", f"is one of {', '.join(MEASURES)}")
    if metric is None:
        raise InvalidInput("metric", f"the seller counts no {told.metric!r}", hint="it comes with the catalogue file")
    sums = metric.aggregation in (Aggregation.SUM, Aggregation.MAX)
    if told.measure != "views" and not sums:
        raise InvalidInput("metric", f"{told.metric} counts events: hours and minutes need one that sums")
    if not 0 <= told.least_seconds <= 86_400:
        raise InvalidInput("least_seconds", "must be from 0 to 86400")
    if not 0 <= told.gap_minutes <= 1440:
        raise InvalidInput("gap_minutes", "must be from 0 to 1440")
    items = sorted({item.strip() for item in told.items if item.strip()})
    if len(items) > _MOST_ITEMS or any(len(item) > 120 for item in items):
        raise InvalidInput("items", f"up to {_MOST_ITEMS} ids of up to 120 characters")
    if told.measure == "views":
        _refuse_second(tx, seller_id, told)
    same = ViewingRule.seller_id == seller_id, ViewingRule.kind == told.kind, ViewingRule.metric == told.metric
    row = tx.session.scalar(select(ViewingRule).where(*same))
    row = row or ViewingRule(seller_id=seller_id, kind=told.kind, metric=told.metric)
    row.measure, row.least_seconds, row.gap_minutes = told.measure, told.least_seconds, told.gap_minutes
    row.items = list(items)
    tx.session.add(row)
    tx.session.flush()
    return RuleSaved(row.id)


def _refuse_second(tx: Tx, seller_id: int, told: ViewingMeasure) -> None:
    """Which session stands for a view is marked on the session, once."""
    others = select(ViewingRule.id).where(
        ViewingRule.seller_id == seller_id, ViewingRule.kind == told.kind, ViewingRule.measure == "views"
    )
    if tx.session.scalar(others.where(ViewingRule.metric != told.metric).limit(1)) is not None:
        raise InvalidInput("measure", "views of this kind are counted already, by another metric")
