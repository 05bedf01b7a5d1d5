"""How many days changes have added to a subscription, where its plans add the missing days instead of giving back.

A component of such a plan costs the full price of a cycle also where a change ends it before the cycle's end, or begins
it after its start. The days of the cycle that it was not had for that are worth their share of the price. Changes pay
with that for days at the end of what is paid, each at what a day of what is had on it costs: what has been watched of
them is spent, and what is left buys as many whole days as it comes to at today's prices a day. So they are a function
of the history: not of the order of changes, nor of how often somebody asks.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.billing._difference import History, lines_by_cycle, new_cycles
from billhead.actions.billing._draft import as_of, whole_price
from billhead.actions.billing._rated import DueItem, Part
from billhead.domain.calendar import Calendar
from billhead.domain.periods import LONGEST_TERM_DAYS, Period, Term, without
from billhead.domain.proration import ProrationMode

__all__ = ["Extended", "days_missing", "extended", "lost_days"]

_A_DAY = timedelta(days=1)
_FOREVER = date.max


class Extended(NamedTuple):
    """From `since` on `there` days are left of those that were added, and `due` should be. Days of before, and those
    behind which more was billed already, stay as they are.

    `left`: what is over, less than a day's price; below zero where more was watched than there should have been.
    `a_day`: what one costs.
    """

    since: date
    there: int
    due: int
    left: Fraction = Fraction(0)
    a_day: Fraction = Fraction(0)


class _Charged(NamedTuple):
    """A cycle that was charged in full. `worth`: of its price, less what staff have given back of it."""

    cycle: Period
    worth: Fraction


def extended(history: History, catalogue: Catalogue, *, paid_now: bool = False) -> Extended:
    """As the history stands, today; none where none can be added: see `lost_days`.

    Who pays by hand has no days before they are paid; those that came stay whatever becomes of the money. `paid_now`:
    what is open is paid with what happens now.
    """
    item = history.item
    today, row = item.target, _open(history)
    since = max(row.start if row else item.billed_through or today, today)
    there = (row.end - since).days if row else 0
    if _adds_none(item, catalogue):
        return Extended(since, there, there)
    spent = [*(one for one in history.extended if one != row)]
    if row is not None and row.start < since:
        spent.append(Period(row.start, since))
    costs = sum((_cost(days, history, catalogue) for days in spent), Fraction(0))
    # what comes behind the last paid day by itself is put off by days that are added
    had, last = _had(history, max(since - _A_DAY, today)), (row.start if row else since) - _A_DAY
    a_day = sum((_a_day(part, history, catalogue, last) for part in had), Fraction(0))
    left = _worth(history, catalogue) - costs
    due = _days(left, a_day)
    if due > there and item.collection == "manual" and not paid_now:
        left = min(left, max(_worth(history, catalogue, only_paid=True) - costs, there * a_day))
        due = _days(left, a_day)
    if _is_over(history):
        due = min(due, there)  # nobody watches longer what has ended
    return Extended(since, there, due, left - due * a_day, a_day)


def lost_days(before: History, after: DueItem, on: date, catalogue: Catalogue) -> bool:
    """Whether a change on that day ends or begins a part within a cycle whose full price it costs, and no day is added
    for that."""
    if not _adds_none(after, catalogue) or before.item.phase == "trial":
        return False
    had = {(part.component_id, part.ends_on) for part in before.item.parts}
    changed = [part for part in after.parts if (part.component_id, part.ends_on) not in had]
    counted = [one for one in before.before if one.term == Term.parse(before.item.term)]
    calendar = Calendar(before.item.anchor, Term.parse(before.item.term), (*counted,))
    return calendar.cycle_at(on).start < on and any(
        ProrationMode(catalogue.plans[part.plan_id].proration) is ProrationMode.EXTEND
        and on in (part.starts_on, part.ends_on)
        and catalogue.prices[part.price_id].term
        for part in changed
    )


def _adds_none(item: DueItem, catalogue: Catalogue) -> bool:
    """What is billed afterwards has no paid end, and what a shop supplies runs as far as its reseller's credits went,
    which no money of the shop's customer buys."""
    return item.timing == "arrears" or catalogue.sellers[item.seller_id].is_shop


def _days(left: Fraction, a_day: Fraction) -> int:
    return min(max(left // a_day, 0), LONGEST_TERM_DAYS) if a_day else 0


def days_missing(history: History, catalogue: Catalogue) -> int:
    """How many of the days that changes should have added are not there, below zero: too many. Behind days that are
    watched, less than two days' price may be over: months differ in length."""
    found = extended(history, catalogue)
    if found.there or _is_over(history):
        return found.due - found.there
    over, changed = found.left + found.due * found.a_day, _last_change(history)
    a_day = sum((_a_day(part, history, catalogue, changed) for part in _had(history, changed)), Fraction(0))
    missing = int(over // max(a_day, found.a_day)) if found.a_day and a_day else 0
    return missing if missing > 1 else 0


def _is_over(history: History) -> bool:
    ends = history.item.billing_ends_on
    return ends is not None and ends <= history.item.target


def _last_change(history: History) -> date:
    item = history.item
    days = [day for part in item.parts for day in (part.starts_on, part.ends_on) if day is not None]
    return max((day for day in days if day <= item.target), default=item.started_on)


def _open(history: History) -> Period | None:
    """The days that were added last, if some are still to come and nothing was billed behind them."""
    last = max(history.extended, key=lambda one: one.start, default=None)
    if last is None or last.end <= history.item.target:
        return None
    billed = (line.billed.period for lines in history.standing.values() for line in lines)
    return None if any(period.end > last.start for period in billed) else last


def _worth(history: History, catalogue: Catalogue, *, only_paid: bool = False) -> Fraction:
    """What all days that changes took are worth."""
    worth = Fraction(0)
    for part in history.item.parts:
        if ProrationMode(catalogue.plans[part.plan_id].proration) is not ProrationMode.EXTEND:
            continue
        for one in _charged(part, history, catalogue, only_paid):
            worth += one.worth * _missing(part, one.cycle, history, catalogue) / one.cycle.days
    return worth


def _missing(part: Part, cycle: Period, history: History, catalogue: Catalogue) -> int:
    """So many days of the cycle a change took from the part; none where it had none of them: its price came back, as
    where a whole period has begun anew by then. Where one begins within the cycle, that has the days from then on. What
    a cancellation took from the same day on, the change did not."""
    item = history.item
    billed_to = item.billing_ends_on or _FOREVER
    starts, ends = part.starts_on or item.started_on, part.ends_on or _FOREVER
    begins = max(item.started_on, item.phase_ends_on or date.min)  # what is had from the first paid day was not changed
    term = Term.parse(catalogue.prices[part.price_id].term)
    anew = [one.until for one in history.before if one.term == term and cycle.start < one.until]
    first, over = max(starts, begins, cycle.start), min(ends, cycle.end, billed_to, *anew)
    if first >= over or not without([Period(first, over)], history.free):
        return 0
    missing, ends = 0, min(ends, _cut(cycle, history))
    if max(cycle.start, begins) < starts <= item.target and not _goes_on(starts, part, history):
        missing += (starts - cycle.start).days
    if ends < min(cycle.end, billed_to) and ends <= item.target and not _goes_on(ends, part, history):
        missing += sum(one.days for one in without([Period(ends, cycle.end)], history.free))
    return missing


def _cut(cycle: Period, history: History) -> date:
    """The day within the cycle on which a whole period began anew; its end where none did."""
    counted = Calendar(history.item.anchor, Term.parse(history.item.term), history.before)
    begun = [one.until for one in history.before if cycle.start < one.until < cycle.end]
    begun = [day for day in begun if counted.cycle_at(day).start == day]
    return min(begun, default=cycle.end) if counted.cycle_at(cycle.start) == cycle else cycle.end


def _goes_on(day: date, part: Part, history: History) -> bool:
    """Whether the same ended or began that day for somebody else: it was handed over, and not changed."""
    alike = [one for one in history.item.parts if one[1:4] == part[1:4] and one.component_id != part.component_id]
    return any(day in (one.starts_on, one.ends_on) and one.starts_on != one.ends_on for one in alike)


def _charged(part: Part, history: History, catalogue: Catalogue, only_paid: bool) -> Iterator[_Charged]:
    known = lines_by_cycle(part, history)
    for cycle, lines in known.items():
        by_staff = sum(back.amount for line in lines for back in line.billed.given_back if back.by_staff)
        nothing = any(line.closed or (only_paid and not line.paid) for line in lines)
        yield _Charged(cycle, _net(0 if nothing else max(lines[0].whole - by_staff, 0), part, history, catalogue))
    if only_paid:
        return
    for cycle, days in new_cycles(part, history, known):
        priced = as_of(part, catalogue, cycle.start)
        whole = whole_price(priced, catalogue, history.item, cycle, Period(days[0].start, days[-1].end))
        yield _Charged(cycle, _net(whole, part, history, catalogue))


def _cost(days: Period, history: History, catalogue: Catalogue) -> Fraction:
    """What days that were added have cost, by what was had on each of them."""
    total = Fraction(0)
    for part in history.item.parts:
        starts, ends = part.starts_on or history.item.started_on, part.ends_on or _FOREVER
        if (count := (min(ends, days.end) - max(starts, days.start)).days) > 0:
            total += count * _a_day(part, history, catalogue, days.start - _A_DAY)
    return total


def _had(history: History, day: date) -> Sequence[Part]:
    item = history.item
    return [one for one in item.parts if (one.starts_on or item.started_on) <= day < (one.ends_on or _FOREVER)]


def _a_day(part: Part, history: History, catalogue: Catalogue, day: date) -> Fraction:
    """What a day of the part costs in the cycle of that day, counted in the part's own term."""
    text = catalogue.prices[part.price_id].term
    if not text:
        return Fraction(0)
    item, term = history.item._replace(term=text), Term.parse(text)
    counted = [*(one for one in history.before if one.term == term)]
    gone = counted.pop() if counted and Term.parse(history.item.term) != term else None
    cycle = Calendar(gone.anchor if gone else item.anchor, term, tuple(counted)).cycle_at(day)
    lines = [one for one in history.standing.get(part.component_id or 0, ()) if one.cycle == cycle and not one.closed]
    whole = lines[0].whole if lines else whole_price(as_of(part, catalogue, cycle.start), catalogue, item, cycle, cycle)
    return _net(whole, part, history, catalogue) / cycle.days


def _net(minor: int, part: Part, history: History, catalogue: Catalogue) -> Fraction:
    """Without the tax that the price has in it: a change may lead from such a price to one without."""
    if not catalogue.prices[part.price_id].tax_inclusive:
        return Fraction(minor)
    every = [line for lines in history.standing.values() for line in lines if line.inclusive]
    own = [*history.standing.get(part.component_id or 0, ())] or every
    rate = max(own, key=lambda line: line.billed.id).tax_rate_ppm if own else 0
    return Fraction(minor * 1_000_000, 1_000_000 + rate)
