"""The expected band: a run that is about to bill far more than usual stops and asks, before it does.

Until a confirmed run has gone on from there, the next runs of the same scope ask the same: they bill nothing.
"""

from collections.abc import Mapping
from datetime import date, timedelta

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from billhead.db import Tx
from billhead.domain.errors import RunNeedsConfirmation
from billhead.models.documents import BillingRun

__all__ = ["Limits", "mark_answered", "outside", "read_limits", "refuse_unanswered"]

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
            _of_scope(seller_id),
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


def refuse_unanswered(session: Session, seller_id: int | None) -> None:
    """Raise while a run has asked and nobody has answered: else each hour bills a few more."""
    asks = session.scalars(
        select(BillingRun).where(BillingRun.state == "needs_confirmation", _of_scope(seller_id)).limit(1)
    ).first()
    if asks is not None:
        raise RunNeedsConfirmation(
            f"billing run {asks.id} has stopped and asks whether its total is right",
            hint="look at a dry run; if it is right, run again with --confirm",
        )


def mark_answered(tx: Tx, seller_id: int | None) -> None:
    """A confirmed run has gone on from where they stopped and is done: so are they."""
    asked = update(BillingRun).where(BillingRun.state == "needs_confirmation", _of_scope(seller_id))
    tx.session.execute(asked.values(state="done"))


def _of_scope(seller_id: int | None) -> ColumnElement[bool]:
    return BillingRun.seller_id == seller_id if seller_id else BillingRun.seller_id.is_(None)
