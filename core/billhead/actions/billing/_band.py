"""The expected band: a run that is about to bill far more than usual stops and asks, before it does."""

from collections.abc import Mapping
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.models.documents import BillingRun

__all__ = ["Limits", "outside", "read_limits"]

_COMPARED = timedelta(days=35)  # a month and some days: the heavy first of the month is in it
_ENOUGH_RUNS = 5
_ENOUGH_DOCUMENTS = 100  # below that a single yearly customer makes the difference
_TIMES = 3

Limits = Mapping[str, int]
"""Currency → the largest total, in minor units, that nobody needs to look at."""


def read_limits(session: Session, seller_id: int | None, as_of: date) -> Limits:
    """From the finished runs of the last weeks; {} while there are too few to tell what is usual."""
    rows = session.scalars(
        select(BillingRun.totals).where(
            BillingRun.state == "done",
            BillingRun.seller_id == seller_id if seller_id else BillingRun.seller_id.is_(None),
            BillingRun.as_of.between(as_of - _COMPARED, as_of),
        )
    ).all()
    if len(rows) < _ENOUGH_RUNS:
        return {}
    limits: dict[str, int] = {}
    for totals in rows:
        for currency, total in totals.items():
            limits[currency] = max(limits.get(currency, 0), _TIMES * int(total))
    return limits


def outside(limits: Limits, totals: Mapping[str, int], documents: int) -> str | None:
    """The currency whose total is out of the band, if any. A currency that was never billed has nothing to compare."""
    if documents < _ENOUGH_DOCUMENTS:
        return None
    for currency, total in totals.items():
        if currency in limits and total > limits[currency]:
            return currency
    return None
