"""What a part of a period costs. What comes back for a part that was not used: see `owed`.

The rule is a property of the plan. Amounts are exact until the end and rounded half-up once, to the minor unit.
"""

from __future__ import annotations

from enum import StrEnum
from fractions import Fraction

from billhead.domain.errors import InvalidInput
from billhead.domain.money import Money, Rounding, round_ratio
from billhead.domain.periods import Period, Term


class ProrationMode(StrEnum):
    ACTUAL_DAYS = "actual_days"  # days of service ÷ days of the real, aligned cycle
    FIXED_30 = "fixed_30"  # days of service ÷ 30 per month, at most the full price
    NONE = "none"  # the full price
    EXTEND = "extend"  # the full price, and the missing days are added at the end


def mode_of(proration: str, term: str) -> ProrationMode:
    """How a part of such a term is priced by a plan's rule. Days and weeks have no months of 30 days: four weeks that
    begin in a February end where a month would, and are 28 days all the same."""
    mode = ProrationMode(proration)
    by_days = mode is ProrationMode.FIXED_30 and not Term.parse(term).months
    return ProrationMode.ACTUAL_DAYS if by_days else mode


def _months(cycle: Period) -> int:
    """Calendar months that the cycle covers whole; 0 for one of days or weeks."""
    start, end = cycle.start, cycle.end
    clamped = (end.day < start.day and end.day >= 28) or (start.day < end.day and start.day >= 28)
    if end.day != start.day and not clamped:
        return 0
    return (end.year - start.year) * 12 + end.month - start.month


def share_of(days: int, cycle: Period, mode: ProrationMode) -> Fraction:
    """Which share of a cycle's price so many of its days cost, from 0 to 1."""
    if not 0 <= days <= cycle.days:
        raise InvalidInput("days", f"must be from 0 to {cycle.days}, the days of {cycle}, got {days}")
    if days == cycle.days or (days and mode in (ProrationMode.NONE, ProrationMode.EXTEND)):
        return Fraction(1)
    whole = cycle.days
    if mode == ProrationMode.FIXED_30:
        whole = 30 * _months(cycle) or cycle.days
    return min(Fraction(days, whole), Fraction(1))


def prorate(price: Money, part: Period, cycle: Period, mode: ProrationMode) -> Money:
    """The price of the part, where `price` is that of the whole cycle."""
    if part.start < cycle.start or part.end > cycle.end:
        raise InvalidInput("period", f"{part} is not inside its cycle {cycle}")
    return price.times(share_of(part.days, cycle, mode), Rounding.HALF_UP)


def whole_of(amount: int, part: Period, cycle: Period, mode: ProrationMode) -> int:
    """What the whole cycle costs where the part costs so much: `prorate` makes the same of it again. Minor units."""
    share = share_of(part.days, cycle, mode)
    return round_ratio(amount * share.denominator, share.numerator, Rounding.HALF_UP)
