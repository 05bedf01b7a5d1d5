"""The days that are left, had anew to the same end: the price of a day belongs to the purchase that brought it.

A day that was bought for a month costs its share of a month of what is had then, one that was bought for a year its
share of a year: else the days of a month could be had at the rate of a year.
"""

from collections.abc import Callable, Iterator
from datetime import date

from billhead.actions.resellers._unused import Stretch, still_paid
from billhead.db import Tx
from billhead.domain.periods import Period, Term, cycle
from billhead.models.subscriptions import Subscription

__all__ = ["at_own_rates"]


def at_own_rates(tx: Tx, subscription: Subscription, days: Period, price_of: Callable[[str], int]) -> list[Stretch]:
    """Those of the period, in order; `price_of`: of a whole term, in hundredths, asked once for each term there is."""
    prices: dict[str, int] = {}
    found = []
    for part, term, term_days in _bought(tx, subscription, days):
        if term not in prices:
            prices[term] = price_of(term)
        found.append(Stretch.priced(part, prices[term], term, term_days))
    return found


def _bought(tx: Tx, subscription: Subscription, days: Period) -> Iterator[tuple[Period, str, int]]:
    """By the terms that they were bought for, each with the days of a whole one. Days that no purchase tells the term
    of are some of the term that it has."""
    start = days.start
    known = [one for _, parts in still_paid(tx, subscription) for one in parts if one.term]
    for one in sorted(known, key=lambda one: one.days.start):
        part = one.days.overlap(Period(start, days.end)) if start < days.end else None
        if part is None:
            continue
        if start < part.start:
            yield _untold(subscription, start, part.start)
        yield part, one.term, one.term_days
        start = part.end
    if start < days.end:
        yield _untold(subscription, start, days.end)


def _untold(subscription: Subscription, start: date, end: date) -> tuple[Period, str, int]:
    return Period(start, end), subscription.term, cycle(start, Term.parse(subscription.term), 0).days
