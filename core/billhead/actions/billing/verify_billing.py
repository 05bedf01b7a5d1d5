"""Recompute from nothing what was billed: every subscription's history against its documents. Writes nothing.

The nightly run goes on from where it stopped and never looks back; this looks at everything behind it. What it finds is
either a change whose bill was not written, or an error; `rebill` writes the difference.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

from sqlalchemy import func, select

from billhead import clock
from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.billing._difference import History, differences, read_histories
from billhead.actions.billing._standing import Standing
from billhead.db import reading
from billhead.domain.money import Money
from billhead.models.subscriptions import Subscription

__all__ = ["BillingFault", "BillingVerified", "verify_billing"]

_CHUNK = 500
_SHOWN = 100


@dataclass(frozen=True, slots=True)
class BillingFault:
    """`amount_minor`: what is missing on the documents, as the price book has it; below zero: billed too much."""

    subscription_id: int
    what: str
    amount_minor: int
    currency: str


@dataclass(slots=True)
class BillingVerified:
    """`faults` are the first hundred of `differing`."""

    subscriptions: int = 0
    differing: int = 0
    faults: list[BillingFault] = field(default_factory=list)

    def add(self, fault: BillingFault) -> None:
        self.differing += 1
        if len(self.faults) < _SHOWN:
            self.faults.append(fault)


def verify_billing(progress: Callable[[int, int], None] | None = None) -> BillingVerified:
    """Look at all subscriptions in chunks, each in a fixed number of queries. `progress` gets (done, of all)."""
    catalogue, found, after = Catalogue(), BillingVerified(), 0
    today = clock.business_now().date()
    with reading() as session:
        total = int(session.scalar(select(func.count()).select_from(Subscription)) or 0)
    while True:
        with reading() as session:
            query = select(Subscription.id).where(Subscription.id > after).order_by(Subscription.id).limit(_CHUNK)
            ids = session.scalars(query).all()
            histories = read_histories(session, catalogue, ids, today) if ids else {}
        for subscription_id, history in histories.items():
            fault = _fault(subscription_id, history, catalogue)
            if fault is not None:
                found.add(fault)
        found.subscriptions += len(ids)
        if progress is not None:
            progress(found.subscriptions, total)
        if len(ids) < _CHUNK:
            return found
        after = ids[-1]


def _fault(subscription_id: int, history: History, catalogue: Catalogue) -> BillingFault | None:
    currency = history.item.currency
    twice = _twice(history.standing)
    if twice:
        return BillingFault(subscription_id, f"{twice} is billed twice", 0, currency)
    missing = list(differences(history, catalogue))
    if not missing:
        return None
    amount = sum(line.amount_minor for line in missing)
    days = f"{missing[0].period_start} to {missing[-1].period_end}"
    return BillingFault(subscription_id, f"{Money(amount, currency)} differs for {days}", amount, currency)


def _twice(standing: Standing) -> str:
    """A day of a component that two lines charge."""
    for lines in standing.values():
        days = sorted(
            (day for line in lines if not line.closed and line.billed.amount > 0 for day in line.billed.days),
            key=lambda day: day.start,
        )
        for one, other in pairwise(days):
            if other.start < one.end:
                return str(other.start)
    return ""
