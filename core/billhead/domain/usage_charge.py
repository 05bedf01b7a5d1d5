"""What metered use comes to: exact, and rounded once per line.

Everything is scaled to whole numbers over one denominator, so that a million subscribers are rated without a fraction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import ceil, lcm
from typing import NamedTuple

from billhead.domain.errors import InvalidInput
from billhead.domain.money import Money, Rounding, exponent, round_ratio
from billhead.domain.usage import Pricing, UsageTerms, UsageTier

__all__ = ["EventFee", "InTier", "allowance_steps", "by_tier", "charge", "chargeable", "event_fee"]

_MILLIONTHS = 10**6


class _Scaled(NamedTuple):
    """Terms as whole numbers: amounts are minor units × `scale`, quantities are steps."""

    scale: int
    ends: tuple[int | None, ...]
    units: tuple[int, ...]  # for one step; of packages, for one package
    flats: tuple[int, ...]
    package: int
    minimum: Fraction
    cap: int | None


@lru_cache(maxsize=4096)
def _scaled(terms: UsageTerms, decimals: int) -> _Scaled:
    steps, cents = 10**decimals, 10 ** exponent(terms.currency)
    package = Fraction(terms.per) * steps
    if terms.pricing is Pricing.PACKAGE and package.denominator != 1:
        raise InvalidInput("per", f"{terms.per} has more decimals than the metric")
    for_one = 1 if terms.pricing is Pricing.PACKAGE else package
    units = [Fraction(tier.unit) * cents / for_one for tier in terms.tiers]
    flats = [Fraction(tier.flat) * cents for tier in terms.tiers]
    cap = None if terms.cap is None else Fraction(terms.cap) * cents
    ends = [None if tier.up_to is None else Fraction(tier.up_to) * steps for tier in terms.tiers]
    if any(end is not None and end.denominator != 1 for end in ends):
        raise InvalidInput("tiers", "a tier ends between two steps of the metric")
    scale = lcm(*(one.denominator for one in (*units, *flats, cap or Fraction(0))))
    return _Scaled(
        scale,
        tuple(None if end is None else int(end) for end in ends),
        tuple(int(one * scale) for one in units),
        tuple(int(one * scale) for one in flats),
        max(int(package), 1),
        Fraction(terms.minimum) * cents * scale,
        None if cap is None else int(cap * scale),
    )


def charge(terms: UsageTerms, decimals: int, steps: int, *, share: Fraction | int = 1, fees: int = 0) -> Money:
    """What a period's chargeable steps cost, rounded half-up once.

    `share` of the minimum is due where only a part of the period counts. For percentages `fees` are the summed fees of
    the events, in units of `event_fee(…).per`.
    """
    if steps < 0:
        raise InvalidInput("quantity", f"{steps} steps are below zero")
    terms_in = _scaled(terms, decimals)
    if terms.pricing is Pricing.PERCENTAGE:
        amount: Fraction | int = Fraction(fees * terms_in.scale, event_fee(terms, decimals).per)
    else:
        amount = _amount(terms.pricing, terms_in, steps)
    if terms_in.minimum:
        amount = max(amount, terms_in.minimum * share)
    if terms_in.cap is not None:
        amount = min(amount, terms_in.cap)
    numerator, denominator = amount.numerator, amount.denominator * terms_in.scale
    return Money(round_ratio(numerator, denominator, Rounding.HALF_UP), terms.currency)


class InTier(NamedTuple):
    """What of some steps fell into a tier, and its share of what they come to."""

    tier: UsageTier
    steps: int
    amount: Money


def by_tier(terms: UsageTerms, decimals: int, steps: int) -> list[InTier]:
    """Each tier that the chargeable steps reach. The amounts sum to what they cost before `minimum` and `cap`, to the
    cent; empty for what has no tiers, or no use yet."""
    found = list(_reached(terms.pricing, _scaled(terms, decimals), steps))
    amounts = [amount for _, _, amount in found]
    whole = charge(replace(terms, minimum=Decimal(0), cap=None), decimals, steps) if found else None
    split = whole.allocate(amounts) if whole else [Money(0, terms.currency)] * len(found)
    return [InTier(terms.tiers[at], used, money) for (at, used, _), money in zip(found, split, strict=True)]


def _amount(pricing: Pricing, terms: _Scaled, steps: int) -> int:
    return sum(amount for _, _, amount in _reached(pricing, terms, steps))


def _reached(pricing: Pricing, terms: _Scaled, steps: int) -> Iterator[tuple[int, int, int]]:
    """(which tier, its steps, what they cost), scaled."""
    if not steps or pricing in (Pricing.ALLOWANCE, Pricing.PERCENTAGE):
        return
    if pricing is Pricing.PACKAGE:
        yield 0, steps, terms.flats[0] + -(-steps // terms.package) * terms.units[0]
    elif pricing is Pricing.VOLUME:
        at = next(n for n, end in enumerate(terms.ends) if end is None or steps <= end)
        yield at, steps, terms.flats[at] + steps * terms.units[at]
    else:
        begins = 0
        for at, (end, unit, flat) in enumerate(zip(terms.ends, terms.units, terms.flats, strict=True)):
            ends = steps if end is None else min(steps, end)
            yield at, ends - begins, flat + (ends - begins) * unit
            if ends == steps:
                break
            begins = ends


class EventFee(NamedTuple):
    """A percentage as whole numbers: each event costs `steps × times + fee`, at least `least` and at most `most`, in
    `per`-ths of a minor unit."""

    times: int
    fee: int
    least: int
    most: int
    per: int

    def of(self, steps: int) -> int:
        return min(max(steps * self.times + self.fee, self.least), self.most)


_NO_LIMIT = 10**18


@lru_cache(maxsize=4096)
def event_fee(terms: UsageTerms, decimals: int) -> EventFee:
    """The metric counts an amount of the same currency: 1.00 of it is 10^decimals steps."""
    cents = 10 ** exponent(terms.currency)
    finer = max(1, 10**decimals // cents)
    per = _MILLIONTHS * finer
    times = int(terms.percent * 10_000) * (cents * finer // int(10**decimals))

    def scaled(amount: Decimal, name: str) -> int:
        found = Fraction(amount) * cents * per
        if found.denominator != 1 or found >= _NO_LIMIT:
            raise InvalidInput(name, f"{amount} {terms.currency} can't be charged for one event")
        return int(found)

    most = _NO_LIMIT if terms.event_max is None else scaled(terms.event_max, "event_max")
    return EventFee(times, scaled(terms.event_fee, "event_fee"), scaled(terms.event_min, "event_min"), most, per)


def allowance_steps(terms: UsageTerms, decimals: int, share: Fraction | int = 1) -> int:
    """What is included in that share of a period, in steps; a part of a step is given whole."""
    if not terms.included:
        return 0
    found: Fraction = Fraction(terms.included) * int(10**decimals) * share
    return ceil(found)


def chargeable(used: Iterable[int], allowance: int, *, shared: bool) -> int:
    """The steps over the allowance, which is for all lines together or (not `shared`) for each of them."""
    if shared:
        return max(0, sum(used) - allowance)
    return sum(max(0, one - allowance) for one in used)
