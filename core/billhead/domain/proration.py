"""What a part of a period costs, and what comes back for the part that was not used.

The rule is a property of the plan. Amounts are exact until the end and rounded half-up once, to the minor unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from fractions import Fraction

from billhead.domain.errors import InvalidInput
from billhead.domain.money import Money, Rounding
from billhead.domain.periods import Period


class ProrationMode(StrEnum):
    ACTUAL_DAYS = "actual_days"  # days of service ÷ days of the real, aligned cycle
    FIXED_30 = "fixed_30"  # days of service ÷ 30 per month, at most the full price
    NONE = "none"  # the full price
    EXTEND = "extend"  # the full price, and the missing days are added at the end: see `extended`


def _months(cycle: Period) -> int:
    """Calendar months that the cycle covers whole; 0 for one of days or weeks."""
    start, end = cycle.start, cycle.end
    clamped = (end.day < start.day and end.day >= 28) or (start.day < end.day and start.day >= 28)
    if end.day != start.day and not clamped:
        return 0
    return (end.year - start.year) * 12 + end.month - start.month


def _share(part: Period, cycle: Period, mode: ProrationMode) -> Fraction:
    if part.start < cycle.start or part.end > cycle.end:
        raise InvalidInput("period", f"{part} is not inside its cycle {cycle}")
    if part == cycle or mode in (ProrationMode.NONE, ProrationMode.EXTEND):
        return Fraction(1)
    whole = cycle.days
    if mode == ProrationMode.FIXED_30:
        whole = 30 * _months(cycle) or cycle.days
    return min(Fraction(part.days, whole), Fraction(1))


def prorate(price: Money, part: Period, cycle: Period, mode: ProrationMode) -> Money:
    """The price of the part, where `price` is that of the whole cycle."""
    return price.times(_share(part, cycle, mode), Rounding.HALF_UP)


def extended(part: Period, cycle: Period) -> Period:
    """The part made as long as its cycle, for a full price without a full period (EXTEND)."""
    return Period(part.start, part.start + (cycle.end - cycle.start))


def credit_for_unused(
    billed: Money, already_credited: Money, unused: Period, billed_period: Period, mode: ProrationMode
) -> Money:
    """What to give back on a line: its share of what was really billed, at most what is left on it.

    `billed` is the line's amount after discount. Plans that do not prorate give back a whole unused period or nothing.
    """
    left = billed - already_credited
    if billed.minor < 0 or already_credited.minor < 0 or left.minor < 0:
        raise InvalidInput("credit", f"{already_credited} of {billed} cannot be credited already")
    if unused != billed_period and mode in (ProrationMode.NONE, ProrationMode.EXTEND):
        return Money.zero(billed.currency)
    return min(prorate(billed, unused, billed_period, mode), left)


def split_by_days(amount: Money, parts: Sequence[Period]) -> list[Money]:
    """The amount over parts that tile its period, by days, summing to the whole: for recognising revenue by month."""
    return amount.allocate([part.days for part in parts])
