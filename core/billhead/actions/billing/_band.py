"""The expected band: a run that is about to bill far more than usual, or far less on each invoice, stops and asks,
before it does. More in all: a price with two zeros too many. Less on each: a price book, a coupon or a rule gone wrong.

Until a confirmed run has gone on from there, the next runs of the same scope ask the same: they bill nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from billhead.db import Tx
from billhead.domain.errors import RunNeedsConfirmation
from billhead.domain.money import Money
from billhead.models.documents import BillingRun

__all__ = ["Limit", "Limits", "Unusual", "mark_answered", "read_limits", "refuse_unanswered", "unusual"]

_COMPARED = timedelta(days=35)  # a month and some days: the heavy first of the month is in it
_ENOUGH_RUNS = 5
_ENOUGH_DOCUMENTS = 100  # below that a single yearly customer makes the difference
_TIMES = 3


@dataclass(frozen=True, slots=True)
class Limit:
    """Of one currency, in minor units: the largest total, and the smallest average of an invoice, that nobody needs to
    look at. 0 as the smallest: no run had invoices enough to tell."""

    most: int
    least_each: int = 0


Limits = Mapping[str, Limit]


@dataclass(frozen=True, slots=True)
class Unusual:
    """What is out of the band, in minor units: too much in all, or too little on each of so many `invoices`."""

    currency: str
    minor: int
    usual_minor: int
    invoices: int = 0

    def __str__(self) -> str:
        found, usual = Money(self.minor, self.currency), Money(self.usual_minor, self.currency)
        if not self.invoices:
            return f"{found} in all; up to {usual} is usual"
        return f"{found} on each of {self.invoices} invoices; {usual} or more is usual"


def read_limits(session: Session, seller_id: int | None, as_of: date) -> Limits:
    """From the finished runs of the last weeks, by currency; {} while there are too few to tell what is usual."""
    rows = session.execute(
        select(BillingRun.totals, BillingRun.invoices).where(
            BillingRun.state == "done",
            _of_scope(seller_id),
            BillingRun.as_of.between(as_of - _COMPARED, as_of),
        )
    ).all()
    if len(rows) < _ENOUGH_RUNS:
        return {}
    most: dict[str, int] = {}
    each: dict[str, int] = {}
    for totals, invoices in rows:
        for currency, total in totals.items():
            most[currency] = max(most.get(currency, 0), _TIMES * int(total))
            count = int(invoices.get(currency, 0))
            if count >= _ENOUGH_DOCUMENTS:
                average = int(total) // count // _TIMES
                each[currency] = min(each.get(currency, average), average)
    return {currency: Limit(most[currency], each.get(currency, 0)) for currency in most}


def unusual(limits: Limits, totals: Mapping[str, int], invoices: Mapping[str, int]) -> Unusual | None:
    """The first currency that is out of the band, if any is. One that was never billed has nothing to compare."""
    if sum(invoices.values()) < _ENOUGH_DOCUMENTS:
        return None
    for currency, total in totals.items():
        limit = limits.get(currency)
        if limit is None:
            continue
        if total > limit.most:
            return Unusual(currency, total, limit.most)
        count = invoices[currency]
        if count >= _ENOUGH_DOCUMENTS and total < limit.least_each * count:
            return Unusual(currency, total // count, limit.least_each, count)
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
