"""What is sold at which price, and what coupons take off: the price list of a `PriceLedger`, which calls nothing of
Billhead. Amounts are minor units.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from day_ledger import Cycle

__all__ = ["Coupon", "PriceList", "Version", "discounted", "half_up"]


@dataclass
class Version:
    """Sold from a day on; who has an older one pays it from the cycle on that begins on `existing_from` or later."""

    minor: int
    sold_from: date
    existing_from: date | None = None
    withdrawn: bool = False


@dataclass
class PriceList:
    versions: dict[str, list[Version]]

    def sold(self, what: str, day: date) -> int:
        """The newest version."""
        found = [n for n, one in enumerate(self.versions[what]) if one.sold_from <= day and not one.withdrawn]
        return found[-1]

    def minor(self, what: str, bought: int, begins: date) -> int:
        """Of a cycle that begins then, for who bought at this version."""
        after = [(one.existing_from, n) for n, one in enumerate(self.versions[what]) if n > bought]
        holds = [(day, n) for day, n in after if day and day <= begins and not self.versions[what][n].withdrawn]
        return self.versions[what][max(holds)[1] if holds else bought].minor


@dataclass
class Coupon:
    """`cycles`: in how many more it holds, None: for ever; `used`: those in which it did."""

    kind: str
    cycles: int | None
    percent: int = 0
    amount: int = 0
    stackable: bool = False
    used: set[Cycle] = field(default_factory=set)

    def holds(self, cycle: Cycle) -> bool:
        if cycle in self.used:
            return self.kind == "percent"  # an amount is given once
        return self.cycles != 0


def discounted(coupons: Sequence[Coupon], minors: Sequence[int], cycle: Cycle, *, whole: bool) -> list[int]:
    """Those that go together one after the other, percentages first and balances last, or the best single one. An
    amount is for whole cycles."""
    usable = [one for one in coupons if one.holds(cycle) and (whole or one.kind == "percent")]
    usable.sort(key=lambda one: ("percent", "fixed", "balance").index(one.kind))
    choices = [[one] for one in usable if not one.stackable] + [[one for one in usable if one.stackable]]
    best, used = list(minors), list[tuple[Coupon, int]]()
    for choice in choices:
        left, taken = list(minors), []
        for one in choice:
            off = _off(one, left)
            left = [minor - less for minor, less in zip(left, off, strict=True)]
            taken.append((one, sum(off)))
        if sum(left) < sum(best):
            best, used = left, taken
    for one, minor in used if whole else []:
        if minor and cycle not in one.used:
            one.used.add(cycle)
            one.cycles = None if one.cycles is None else one.cycles - 1
            one.amount -= minor if one.kind == "balance" else 0
    return best


def _off(coupon: Coupon, minors: Sequence[int]) -> list[int]:
    """Shared out over the lines; the cents that are left go to the largest remainders."""
    worth = sum(minors)
    rate = Fraction(coupon.percent, 100)
    if coupon.kind != "percent":
        rate = Fraction(min(coupon.amount, worth), worth or 1)
    exact = [minor * rate for minor in minors]
    parts = [int(one) for one in exact]
    left = half_up(worth * rate) - sum(parts)
    for at in sorted(range(len(exact)), key=lambda at: parts[at] - exact[at])[:left]:
        parts[at] += 1
    return parts


def half_up(amount: Fraction) -> int:
    return int(amount + Fraction(1, 2))
