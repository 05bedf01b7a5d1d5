"""Time that is bought with credits at somebody else's panel: its states, and which paid periods need a purchase.

A purchase is sent once. Its answer decides, or looking does; a try that is proven to have bought nothing may be
followed by another one. Nothing leads from `unknown` back to `sent`: what may have been bought is never sent again.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from enum import StrEnum

from billhead.domain.periods import Term, cycle_start

LOOKS = tuple(timedelta(minutes=minutes) for minutes in (2, 20, 60, 240, 720, 1440))
"""When to look after a purchase of unknown outcome, counted from the look before; after the last a person decides."""

SURE_AFTER = timedelta(minutes=15)
"""A panel may still be busy with what we gave up waiting for. Before that, "not bought" is not believed."""


class State(StrEnum):
    SENT = "sent"  # committed, and sent or about to be
    BOUGHT = "bought"
    NOT_BOUGHT = "not_bought"  # proven
    UNKNOWN = "unknown"


class Event(StrEnum):
    CONFIRM = "confirm"
    REFUSE = "refuse"
    LOSE = "lose"
    TRY_AGAIN = "try_again"


TRANSITIONS: dict[tuple[State, Event], State] = {
    (State.SENT, Event.CONFIRM): State.BOUGHT,
    (State.SENT, Event.REFUSE): State.NOT_BOUGHT,
    (State.SENT, Event.LOSE): State.UNKNOWN,
    (State.UNKNOWN, Event.CONFIRM): State.BOUGHT,
    (State.UNKNOWN, Event.REFUSE): State.NOT_BOUGHT,
    (State.NOT_BOUGHT, Event.TRY_AGAIN): State.SENT,
}


def unbought(paid_through: date, term: Term, covered_until: date | None, today: date) -> list[date]:
    """The ends of the paid periods for which nothing was bought yet, the oldest first; [] for time that is over.

    `covered_until` is the end of the newest period for which something was bought, None if nothing ever was. What is
    paid beyond it counts as a period when it is longer than half a term: days that were given are none of their own.
    """
    if paid_through <= today:
        return []
    ends = list(_ends(paid_through, term, covered_until, today))
    return ends[::-1]


def _ends(paid_through: date, term: Term, covered_until: date | None, today: date) -> Iterator[date]:
    if covered_until is None or _is_a_period(covered_until, paid_through, term):
        yield paid_through
    else:
        return
    begins = max(covered_until or today, today)
    n = 1
    while _is_a_period(begins, end := cycle_start(paid_through, term, -n), term):
        yield end
        n += 1


def _is_a_period(start: date, end: date, term: Term) -> bool:
    return (end - start).days * 2 > term.about_days


def falls_short(paid_until: datetime, seen_until: datetime | None, package: Term) -> bool:
    """Whether a panel's expiry is short of paid time by more than half of the package. A little earlier or later is
    what comes of packages of 30 days for months of 31; buying again would make it worse. None is never."""
    return seen_until is not None and (paid_until - seen_until) * 2 > timedelta(days=package.about_days)


def money_of(cost_minor: int, credit_cost_minor: int) -> int:
    """What credits (two decimals) cost, in minor units, when one credit costs so much; half a unit counts as one."""
    return (cost_minor * credit_cost_minor + 50) // 100


def cost_of(before_minor: int | None, after_minor: int | None, price_minor: int) -> int:
    """What a purchase cost: how much our credit fell, unless that is not told, or others spent from it meanwhile."""
    if before_minor is None or after_minor is None:
        return price_minor
    fell = before_minor - after_minor
    return fell if 0 < fell <= price_minor else price_minor
