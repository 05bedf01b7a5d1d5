"""The expected band: a run that makes its day far from the days before stops and asks, before it bills that. More in
all, or more on each invoice: a price with two zeros too many. Less on each: a price book, a coupon or a rule gone
wrong.

Days are compared, not runs: these come every hour and are of any size. A day that somebody has confirmed is a usual
one. Until a confirmed run has gone on from there, the next runs of the same scope ask the same: they bill nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from billhead.db import Tx
from billhead.domain.errors import RunNeedsConfirmation
from billhead.domain.money import Money
from billhead.models.documents import BillingRun

__all__ = ["Limits", "Sum", "Unusual", "mark_answered", "read_limits", "refuse_unanswered", "unusual"]

_COMPARED = timedelta(days=35)  # a month and some days: the heavy first of the month is in it
_ENOUGH_DAYS = 5
_TIMES = 3

# from how many invoices a day can be told from others
_IN_ALL = 100  # fewer may be three times as many by chance
_EACH = 10  # among fewer a single yearly customer makes the difference
_TWO_ZEROS = 3  # from here on only the grossest of mistakes: no year is worth as many months, or weeks
_TIMES_OF_FEW = 60


class Sum(NamedTuple):
    """What was invoiced in one currency, in minor units, and on how many invoices."""

    minor: int = 0
    invoices: int = 0

    def plus(self, other: "Sum") -> "Sum":
        return Sum(self.minor + other.minor, self.invoices + other.invoices)


@dataclass(frozen=True, slots=True)
class Limits:
    """By currency: the days to compare with, and what other runs have billed on the day already. No days while there
    are too few to tell what is usual. `answered`: what was unusual of the day was confirmed."""

    days: Mapping[str, list[Sum]] = field(default_factory=dict)
    so_far: Mapping[str, Sum] = field(default_factory=dict)
    answered: bool = False


@dataclass(frozen=True, slots=True)
class Unusual:
    """What is out of the band, in minor units: too much in all, or too much or too little on each of so many
    `invoices`."""

    currency: str
    minor: int
    usual_minor: int
    invoices: int = 0

    @property
    def too_much(self) -> bool:
        return self.minor > self.usual_minor

    def __str__(self) -> str:
        found, usual = Money(self.minor, self.currency), Money(self.usual_minor, self.currency)
        bounds = f"up to {usual}" if self.too_much else f"{usual} or more"
        if not self.invoices:
            return f"{found} in all; {bounds} is usual"
        return f"{found} on each of {self.invoices} invoices; {bounds} is usual"


def read_limits(session: Session, seller_id: int | None, as_of: date, run_id: int | None) -> Limits:
    """From the finished runs of the last weeks; `run_id` is the run that is to be compared."""
    rows = session.execute(
        select(BillingRun.id, BillingRun.as_of, BillingRun.state, BillingRun.unusual, BillingRun.totals,
               BillingRun.invoices)
        .where(_of_scope(seller_id), BillingRun.as_of.between(as_of - _COMPARED, as_of))
    ).all()  # fmt: skip
    answered = any(run.as_of == as_of and run.state == "done" and run.unusual for run in rows)
    days: dict[date, dict[str, Sum]] = {}
    so_far: dict[str, Sum] = {}
    for run in rows:
        billed = {of: Sum(int(total), int(run.invoices.get(of, 0))) for of, total in run.totals.items()}
        if run.as_of == as_of and run.id != run_id:
            _add(so_far, billed)
        if run.state == "done" and (run.as_of < as_of or answered):
            _add(days.setdefault(run.as_of, {}), billed)
    if len(days) < _ENOUGH_DAYS:
        return Limits(answered=answered)
    return Limits({of: [day[of] for day in days.values() if of in day] for of in set().union(*days.values())}, so_far)


def _add(sums: dict[str, Sum], billed: Mapping[str, Sum]) -> None:
    for currency, one in billed.items():
        sums[currency] = sums.get(currency, Sum()).plus(one)


def unusual(limits: Limits, billed: Mapping[str, Sum]) -> Unusual | None:
    """The first currency that is out of the band, if any is. One that was never billed has nothing to compare."""
    for currency, one in billed.items():
        earlier = [day for day in limits.days.get(currency, ()) if day.minor and day.invoices]
        day = one.plus(limits.so_far.get(currency, Sum()))
        found = _out_of_band(currency, day, earlier) if earlier else None
        if found is not None:
            return found
    return None


def _out_of_band(currency: str, day: Sum, earlier: list[Sum]) -> Unusual | None:
    most = _TIMES * max(one.minor for one in earlier)
    if day.invoices >= _IN_ALL and day.minor > most:
        return Unusual(currency, day.minor, most)
    if day.invoices < _TWO_ZEROS:
        return None
    each = day.minor // day.invoices
    highest = max(one.minor // one.invoices for one in earlier)
    highest *= _TIMES if day.invoices >= _EACH else _TIMES_OF_FEW
    if each > highest:
        return Unusual(currency, each, highest, day.invoices)
    compared = [one.minor // one.invoices // _TIMES for one in earlier if one.invoices >= _EACH]
    if compared and day.invoices >= _EACH and each < min(compared):
        return Unusual(currency, each, min(compared), day.invoices)
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
