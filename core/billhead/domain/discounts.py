"""What coupons take off a document, line by line, and what is left of them afterwards.

A percentage holds for every charge; a fixed amount and a balance only for whole cycles, and never below zero. A coupon
counts cycles: the cycle in which it was used, however many documents it takes to bill that cycle. Part periods take the
percentage and count as none. Where a cycle begins anew before a counted one is over, what is left of that is not lost:
a percentage holds for as many days more, of each line, and for no more than that. Where several coupons meet, those
that may be combined are taken one after the other (percentages first, balances last), or the best single one, whichever
gives more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from itertools import groupby
from math import lcm
from typing import NamedTuple

from billhead.domain.money import Rounding, round_ratio, spread

__all__ = ["Charge", "Coupon", "CouponKind", "Discounted", "Used", "discounted", "whole_after"]

_MILLION = 1_000_000
_NONE, _ALL = Fraction(0), Fraction(1)
_Days = tuple[date, date]
"""From the first day to the one after the last."""


class CouponKind(StrEnum):
    PERCENT = "percent"
    FIXED = "fixed"  # so much off each cycle
    BALANCE = "balance"  # so much in all: what one cycle does not need is left for the next


_ORDER = {CouponKind.PERCENT: 0, CouponKind.FIXED: 1, CouponKind.BALANCE: 2}


class Coupon(NamedTuple):
    """A coupon as one subscription has it. Amounts are minor units of the subscription's currency.

    `amount` is what a fixed one takes off, and what a balance still holds. `cycles_left`: None is for ever. `since` and
    `through` are the start of the first cycle that was counted and the end of the last one, with the days that were
    left of one before. No `plans` or `terms`: all.
    """

    code: str
    kind: CouponKind
    ppm: int = 0
    amount: int = 0
    cycles_left: int | None = None
    since: date | None = None
    through: date | None = None
    stackable: bool = False
    covers_setup: bool = True
    plans: frozenset[int] = frozenset()
    terms: frozenset[str] = frozenset()


class Charge(NamedTuple):
    """A line before discount. `cycle` is the whole cycle that it lies in, None where that is not known yet; `whole`:
    it bills all of it, or stands beside what does; otherwise `days`, from the first to the last, are of it. `once`: a
    set-up fee, or something that is sold once."""

    plan_id: int
    term: str
    amount: int
    cycle: _Days | None = None
    whole: bool = True
    once: bool = False
    days: _Days | None = None


class Used(NamedTuple):
    """What one coupon gave: so much, in so many cycles; with what is left of it."""

    coupon: Coupon
    minor: int = 0
    cycles: int = 0


class Discounted(NamedTuple):
    """Per charge: what is taken off, and by which codes. Per coupon, in their order: what it gave."""

    minor: tuple[int, ...]
    codes: tuple[str, ...]
    used: tuple[Used, ...]


@lru_cache(maxsize=16384)
def discounted(charges: tuple[Charge, ...], coupons: tuple[Coupon, ...]) -> Discounted:
    """The discounts of one document, cycle by cycle. Pure, and remembered: thousands of documents are alike."""
    minor = [0] * len(charges)
    codes = [""] * len(charges)
    used = [Used(coupon) for coupon in coupons]
    for cycle, group in groupby(range(len(charges)), key=lambda at: charges[at].cycle):
        at = list(group)
        found = _best([charges[index] for index in at], cycle, [one.coupon for one in used])
        for number, (coupon, parts) in found:
            if not sum(parts):
                continue
            whole = any(charges[index].whole and part for index, part in zip(at, parts, strict=True))
            used[number] = _after(used[number], sum(parts), cycle, whole)
            for index, part in zip(at, parts, strict=True):
                minor[index] += part
                if part:
                    codes[index] = f"{codes[index]} + {coupon.code}" if codes[index] else coupon.code
    return Discounted(tuple(minor), tuple(codes), tuple(used))


def whole_after(charge: Charge, coupons: Sequence[Coupon]) -> tuple[int, str]:
    """What a whole cycle costs after the percentages that hold in it, and their codes: the price that parts of the
    cycle are shares of."""
    found = _best([charge._replace(whole=False)], charge.cycle, coupons)
    taken = [(coupon.code, parts[0]) for _, (coupon, parts) in found if parts[0]]
    return charge.amount - sum(minor for _, minor in taken), " + ".join(code for code, _ in taken)


_Step = tuple[int, tuple[Coupon, list[int]]]


def _best(charges: Sequence[Charge], cycle: _Days | None, coupons: Sequence[Coupon]) -> list[_Step]:
    """(number of the coupon, (coupon, what it takes off each charge)) of the choice that gives most."""
    numbered = [
        (number, coupon)
        for number, coupon in enumerate(coupons)
        if any(_share(coupon, cycle, charge.days or cycle) for charge in charges)
    ]
    numbered.sort(key=lambda pair: _ORDER[pair[1].kind])
    choices = [[pair] for pair in numbered if not pair[1].stackable]
    choices.append([pair for pair in numbered if pair[1].stackable])
    results = [list(_one_after_the_other(charges, cycle, choice)) for choice in choices]
    return max(results, key=lambda steps: sum(sum(parts) for _, (_, parts) in steps))


def _one_after_the_other(
    charges: Sequence[Charge], cycle: _Days | None, coupons: Sequence[tuple[int, Coupon]]
) -> Iterator[_Step]:
    left = [charge.amount for charge in charges]
    for number, coupon in coupons:
        shares = [
            _share(coupon, cycle, charge.days or cycle) if _fits(coupon, charge, cycle) else _NONE for charge in charges
        ]
        unit = lcm(*(share.denominator for share in shares))
        weights = [
            amount * share.numerator * (unit // share.denominator) for amount, share in zip(left, shares, strict=True)
        ]
        parts = _taken(coupon, weights, unit)
        left = [amount - part for amount, part in zip(left, parts, strict=True)]
        yield number, (coupon, parts)


def _taken(coupon: Coupon, weights: Sequence[int], unit: int) -> list[int]:
    """Off each amount, of which it holds for `weight / unit`: a whole amount, but for a percentage. The sum of that is
    rounded, and each line has its own part of it, up or down: never more than it costs."""
    if coupon.kind != CouponKind.PERCENT:
        return spread(min(coupon.amount, sum(weights) // unit), weights)
    unit *= _MILLION
    exact = [divmod(weight * coupon.ppm, unit) for weight in weights]
    parts = [part for part, _ in exact]
    left = round_ratio(sum(weights) * coupon.ppm, unit, Rounding.HALF_UP) - sum(parts)
    for index in sorted(range(len(exact)), key=lambda at: -exact[at][1])[:left]:
        parts[index] += 1
    return parts


def _counted(coupon: Coupon, cycle: _Days | None) -> bool:
    """It was used in this cycle before."""
    if cycle is None or coupon.since is None or coupon.through is None:
        return False
    return coupon.since <= cycle[0] and cycle[1] <= coupon.through


def _share(coupon: Coupon, cycle: _Days | None, days: _Days | None) -> Fraction:
    """For how many of the days it holds: all, none, or those that are left of the cycles that were counted."""
    if not _counted(coupon, cycle) and coupon.cycles_left != 0:
        return _ALL
    if coupon.kind != CouponKind.PERCENT or days is None or coupon.since is None or coupon.through is None:
        return _NONE
    left = min(days[1], coupon.through) - max(days[0], coupon.since)
    return max(_NONE, Fraction(left.days, (days[1] - days[0]).days))


def _fits(coupon: Coupon, charge: Charge, cycle: _Days | None) -> bool:
    if charge.amount <= 0 or (coupon.plans and charge.plan_id not in coupon.plans):
        return False
    if charge.once and not coupon.covers_setup:
        return False
    if coupon.terms and not charge.once and charge.term not in coupon.terms:
        return False
    return charge.whole or coupon.kind == CouponKind.PERCENT


def _after(used: Used, minor: int, cycle: _Days | None, whole: bool) -> Used:
    coupon, given, cycles = used
    if coupon.kind == CouponKind.BALANCE:
        coupon = coupon._replace(amount=coupon.amount - minor)
    if whole and coupon.cycles_left != 0 and not _counted(coupon, cycle):
        left = None if coupon.cycles_left is None else coupon.cycles_left - 1
        if cycle is not None:
            unused = max((coupon.through or cycle[0]) - cycle[0], timedelta(0))
            coupon = coupon._replace(since=coupon.since or cycle[0], through=cycle[1] + unused)
        coupon = coupon._replace(cycles_left=left)
        cycles += 1
    return Used(coupon, given + minor, cycles)
