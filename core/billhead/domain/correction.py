"""What a credit note gives back of a billed line: its own net and tax by share, so that all parts sum to the line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from billhead.domain.errors import InvalidInput
from billhead.domain.money import Money, Rounding, round_ratio
from billhead.domain.periods import Period, without


@dataclass(frozen=True, slots=True)
class Parts:
    """An amount in minor units with its taxes, one for each tax of the line in its order."""

    net: int
    taxes: tuple[int, ...] = ()

    @property
    def gross(self) -> int:
        return self.net + sum(self.taxes)


def give_back(line: Parts, earlier: Parts, gross: int, currency: str) -> Parts:
    """The next part of a line, given that `earlier` was given back already; `gross` is what it comes to with tax.

    Each tax is rounded on the running total, so that a line of 9.99 + 1.99 given back in any steps returns exactly
    that. A line below zero (a discount) is given back in amounts below zero. Raises InvalidInput unless the part lies
    between nothing and what is left.
    """
    left = line.gross - earlier.gross
    sign = -1 if line.gross < 0 else 1
    if not 0 <= sign * gross <= sign * left:
        raise InvalidInput("amount", f"must be from 0 to {Money(abs(left), currency)}, which are left of the line")
    if not line.gross:
        return Parts(0, tuple(0 for _ in line.taxes))
    total = earlier.gross + gross
    # both signs are turned together: the denominator of a ratio is above zero
    running = [round_ratio(sign * tax * total, abs(line.gross), Rounding.HALF_UP) for tax in line.taxes]
    before = [*earlier.taxes, *([0] * len(line.taxes))]
    taxes = tuple(now - then for now, then in zip(running, before, strict=False))
    return Parts(gross - sum(taxes), taxes)


def share_of_quantity(line_gross: int, quantity: int, given: int, earlier: int = 0) -> int:
    """What so many more of a line's pieces come to, half-up on the running total: they sum to the line. `earlier` is
    what was given back before; where that is no number of pieces, each is worth its share by itself."""

    def worth(pieces: int) -> int:
        return round_ratio(line_gross * pieces, quantity, Rounding.HALF_UP)

    before = round_ratio(abs(earlier) * quantity, abs(line_gross), Rounding.HALF_UP) if line_gross else 0
    if worth(before) != earlier:
        before = earlier = 0
    if not 0 < given <= quantity - before:
        raise InvalidInput("quantity", f"must be from 1 to {quantity - before}, got {given}")
    return worth(before + given) - earlier


def share_of_days(line_gross: int, period: Period, since: date, gone: Sequence[Period] = ()) -> int:
    """What the days of a period from `since` on come to, half-up on the running total. Those of `gone` were given back
    before, and do not come back again."""
    if not period.start <= since < period.end:
        raise InvalidInput("since", f"{since} is not a day from {period.start} to before {period.end}")

    def worth(back: Sequence[Period]) -> int:
        days = period.days - sum(one.days for one in without([period], back))
        return round_ratio(line_gross * days, period.days, Rounding.HALF_UP)

    return worth([*gone, Period(since, period.end)]) - worth(gone)


def total_of(parts: Sequence[Parts], taxes: int) -> Parts:
    """The sum of parts of one line, which has so many taxes; parts that name fewer taxes count for the first ones."""
    sums = [0] * taxes
    for part in parts:
        for at, tax in enumerate(part.taxes[:taxes]):
            sums[at] += tax
    return Parts(sum(part.net for part in parts), tuple(sums))
