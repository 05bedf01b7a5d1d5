"""Which periods of a component are due and not yet billed: the pure heart of the billing run.

The same answer comes out of a nightly run, of one run after a month's outage, and of a preview: it depends on
nothing but the anchor, the dates and what was billed before.
"""

from __future__ import annotations

from datetime import date, timedelta

from billhead.domain.calendar import Calendar
from billhead.domain.errors import InvalidInput
from billhead.domain.periods import Period, Term, cycle_index, cycle_start

_LIMIT = 48


def due_periods(
    anchor: date,
    term: Term,
    billed_through: date | None,
    target: date,
    *,
    starts_on: date,
    ends_on: date | None,
    arrears: bool = False,
    limit: int = _LIMIT,
) -> list[Period]:
    """The periods to bill on the target date, oldest first; [] when there is nothing to do.

    `billed_through` is the end of the last billed period. A period ends at the next cycle start or at `ends_on`,
    so a start off the anchor gives a leading part and an end inside a cycle a trailing one. In advance a period is
    due when the target has reached its start, in arrears when it has reached its end. More than `limit` are
    refused: they are a wrong date or a backlog that a person must look at.
    """
    start = starts_on if billed_through is None else max(billed_through, starts_on)
    if target < start or (ends_on is not None and start >= ends_on):
        return []
    found: list[Period] = []
    n = cycle_index(anchor, term, start)
    while target >= start and (ends_on is None or start < ends_on):
        n += 1
        end = cycle_start(anchor, term, n)
        if ends_on is not None and ends_on < end:
            end = ends_on
        if arrears and target < end:
            break
        if len(found) == limit:
            raise _too_many(limit, term, start, target)
        found.append(Period(start, end))
        start = end
    return found


def days_ahead(days: int, term: Term) -> int:
    """How many of `days` before a period begins it is billed: always less than one term, so that no period is asked
    for before the one ahead of it runs."""
    return max(0, min(days, term.months * 28 + term.days - 1))


def offered_on(running: Period, ahead: int) -> date:
    """When what follows `running` is offered: so many days before its end, never before its second day. Who has paid
    the next period already is asked for nothing until that one runs, also where it is only part of a term."""
    return max(running.end - timedelta(days=ahead), running.start + timedelta(days=1))


def ended_periods(calendar: Calendar, start: date, target: date, ends_on: date | None) -> list[Period]:
    """The same in arrears, from a day on, also where the anchor has moved since."""
    found: list[Period] = []
    while ends_on is None or start < ends_on:
        end = calendar.period_at(start).end
        if ends_on is not None and ends_on < end:
            end = ends_on
        if target < end:
            break
        if len(found) == _LIMIT:
            raise _too_many(_LIMIT, calendar.term, start, target)
        found.append(Period(start, end))
        start = end
    return found


def _too_many(limit: int, term: Term, start: date, target: date) -> InvalidInput:
    return InvalidInput(
        "target",
        f"more than {limit} periods of {term} would be due from {start} to {target}",
        hint="Check the dates, or bill up to an earlier date first.",
    )
