"""Lots of credit and the order in which they are used; for customers' account credit and resellers' credits alike.

Given credit goes before bought credit, then what expires first, then what is oldest. A lot that has expired is never
touched: its rest leaves by an entry of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

from billhead.domain.errors import CurrencyMismatch, InvalidInput
from billhead.domain.money import Money, Rounding


class LotKind(StrEnum):
    GIFTED = "gifted"
    BOUGHT = "bought"


@dataclass(frozen=True, slots=True)
class Lot:
    """One grant and what is left of it. It can be used until the day before `expires_on`.

    `cost` is the money that the remaining credit was bought for, in whatever currency that was; None for a gift.
    """

    id: int
    kind: LotKind
    remaining: Money
    granted_on: date
    expires_on: date | None = None
    cost: Money | None = None


def _order(lot: Lot) -> tuple[bool, date, date, int]:
    return lot.kind != LotKind.GIFTED, lot.expires_on or date.max, lot.granted_on, lot.id


def consume(lots: Iterable[Lot], amount: Money, today: date) -> tuple[list[tuple[int, Money]], Money]:
    """Which lots give how much, and the remainder that no lot could cover."""
    if amount.minor < 0:
        raise InvalidInput("amount", f"credit is used in amounts from zero up, got {amount}")
    usable = [lot for lot in lots if lot.remaining.minor > 0 and (lot.expires_on is None or today < lot.expires_on)]
    taken: list[tuple[int, Money]] = []
    left = amount
    for lot in sorted(usable, key=_order):
        if lot.remaining.currency != amount.currency:
            raise CurrencyMismatch(amount.currency, lot.remaining.currency)
        if not left:
            break
        part = min(lot.remaining, left)
        taken.append((lot.id, part))
        left -= part
    return taken, left


def cost_of(lot: Lot, taken: Money) -> Money | None:
    """The share of the lot's cost that goes with what is taken; the last share takes all, so they sum to the cost."""
    if lot.cost is None:
        return None
    if taken <= Money.zero(lot.remaining.currency) or taken > lot.remaining:
        raise InvalidInput("taken", f"must be above zero and at most {lot.remaining}, got {taken}")
    return lot.cost.times(Fraction(taken.minor, lot.remaining.minor), Rounding.HALF_UP)
