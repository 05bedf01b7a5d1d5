"""Tax arithmetic: rates in parts per million, exclusive and inclusive prices, compound rates, three ways to round.

20 % is 200_000 ppm. A `Decimal` rate is a fraction of one: Decimal("0.20"). Which rate applies, and why, is decided
by a tax engine; here are only the sums, the same for cart, invoice, credit note and report.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from billhead.domain.errors import CurrencyMismatch, InvalidInput
from billhead.domain.money import Money, Rounding, exact, round_ratio

MILLION = 1_000_000


class TaxRounding(StrEnum):
    """Where the rounding happens; one per seller.

    PER_LINE: each line by itself. PER_RATE_KEEP_NET: each rate on the sum of nets, gross amounts give way by a cent.
    PER_RATE_KEEP_GROSS: each rate out of the sum of gross amounts, nets give way.
    """

    PER_LINE = "per_line"
    PER_RATE_KEEP_NET = "per_rate_keep_net"
    PER_RATE_KEEP_GROSS = "per_rate_keep_gross"


def moves_amounts(mode: TaxRounding, inclusive: bool) -> bool:
    """Whether amounts as prices state them, with tax or without, give way by a cent for a sum that is rounded."""
    return mode == (TaxRounding.PER_RATE_KEEP_NET if inclusive else TaxRounding.PER_RATE_KEEP_GROSS)


def rate_ppm(rate: Decimal) -> int:
    """Decimal("0.19") → 190_000."""
    fraction = exact(rate, "tax rate")
    if not 0 <= fraction < 1:
        raise InvalidInput("tax rate", f"{rate} is not from 0 to below 1", hint="Write 20 % as 0.20.")
    ppm = fraction * MILLION
    if ppm.denominator != 1:
        raise InvalidInput("tax rate", f"{rate} has more than six decimals")
    return int(ppm)


def tax_minor(net_minor: int, ppm: int) -> int:
    """The tax on top of a net amount, half-up; bare integers for bulk work."""
    if net_minor < 0:
        return -tax_minor(-net_minor, ppm)
    return (2 * net_minor * ppm + MILLION) // (2 * MILLION)


def included_tax_minor(gross_minor: int, ppm: int) -> int:
    """The tax inside a gross amount, half-up; bare integers for bulk work."""
    if gross_minor < 0:
        return -included_tax_minor(-gross_minor, ppm)
    whole = MILLION + ppm
    return (2 * gross_minor * ppm + whole) // (2 * whole)


def split_tax(amount: Money, rate: Decimal, inclusive: bool, rounding: Rounding) -> tuple[Money, Money]:
    """(net, tax) of one amount at one rate. Inclusive: net + tax is the amount. Exclusive: net is the amount."""
    ppm = rate_ppm(rate)
    if not inclusive:
        return amount, amount.times(Fraction(ppm, MILLION), rounding)
    tax = amount.times(Fraction(ppm, MILLION + ppm), rounding)
    return amount - tax, tax


@dataclass(frozen=True, slots=True)
class TaxRate:
    """One tax of a line. A compound rate is taken on the net plus the taxes listed before it."""

    code: str
    ppm: int
    compound: bool = False

    def __post_init__(self) -> None:
        if type(self.ppm) is not int or not 0 <= self.ppm < MILLION:
            raise InvalidInput("tax rate", f"{self.code} must be from 0 to below {MILLION} ppm, got {self.ppm!r}")


@dataclass(frozen=True, slots=True)
class TaxableLine:
    """An amount after discount, net or gross as the price book says, with its rates in listed order."""

    amount: Money
    rates: tuple[TaxRate, ...] = ()


@dataclass(frozen=True, slots=True)
class TaxedLine:
    """Net plus taxes (in the order of the rates) is gross, always."""

    net: Money
    taxes: tuple[Money, ...]

    @property
    def gross(self) -> Money:
        return Money.total((self.net, *self.taxes), self.net.currency)


def _factors(rates: Sequence[TaxRate]) -> list[Fraction]:
    """Each rate as a fraction of the net, with compound ones worked out."""
    factors: list[Fraction] = []
    for rate in rates:
        base = 1 + sum(factors) if rate.compound else Fraction(1)
        factors.append(base * Fraction(rate.ppm, MILLION))
    return factors


def combined_ppm(rates: Sequence[TaxRate]) -> int:
    """What the rates come to together, in parts per million of the net: 5 % and 9.975 % are 149_750."""
    return _round(sum(_factors(rates), Fraction(0)) * MILLION, Rounding.HALF_UP)


def _round(value: Fraction, rounding: Rounding) -> int:
    return round_ratio(value.numerator, value.denominator, rounding)


def _spread(total: int, shares: Sequence[Fraction]) -> list[int]:
    """Whole numbers next to the shares that sum to the total; shares of both signs, mirrored when all are negated."""
    parts = [round_ratio(share.numerator, share.denominator, Rounding.DOWN) for share in shares]
    left = total - sum(parts)
    step = 1 if left > 0 else -1
    by_rest = sorted(range(len(shares)), key=lambda at: step * (parts[at] - shares[at]))
    for index in by_rest[: abs(left)]:
        parts[index] += step
    assert sum(parts) == total, "a rounded sum is at most one unit per share away from the sum of the shares"
    return parts


def _line(line: TaxableLine, inclusive: bool, rounding: Rounding) -> tuple[int, list[int]]:
    """(net, taxes) of a line by itself, in minor units."""
    factors, amount = _factors(line.rates), line.amount.minor
    if not inclusive:
        return amount, [_round(amount * factor, rounding) for factor in factors]
    net = amount / (1 + sum(factors, Fraction(0)))
    tax = _round(amount - net, rounding)
    return amount - tax, _spread(tax, [net * factor for factor in factors])


def tax_lines(
    lines: Sequence[TaxableLine], *, inclusive: bool, mode: TaxRounding, rounding: Rounding = Rounding.HALF_UP
) -> list[TaxedLine]:
    """Net, taxes and gross of every line of one document, in order; all lines in one currency."""
    if not lines:
        return []
    currency = lines[0].amount.currency
    for line in lines:
        if line.amount.currency != currency:
            raise CurrencyMismatch(currency, line.amount.currency)
    split = [_line(line, inclusive, rounding) for line in lines]
    if mode != TaxRounding.PER_LINE:
        split = _per_rate(lines, split, mode, rounding)
    return [TaxedLine(Money(net, currency), tuple(Money(tax, currency) for tax in taxes)) for net, taxes in split]


def _per_rate(
    lines: Sequence[TaxableLine], split: list[tuple[int, list[int]]], mode: TaxRounding, rounding: Rounding
) -> list[tuple[int, list[int]]]:
    """Round each rate once, on the document's total, and hand the sum back to the lines."""
    keep_net = mode == TaxRounding.PER_RATE_KEEP_NET
    shares: dict[str, dict[tuple[int, int], Fraction]] = {}
    for row, (line, (net, taxes)) in enumerate(zip(lines, split, strict=True)):
        factors = _factors(line.rates)
        base = Fraction(net) if keep_net else (net + sum(taxes)) / (1 + sum(factors, Fraction(0)))
        for column, (rate, factor) in enumerate(zip(line.rates, factors, strict=True)):
            shares.setdefault(rate.code, {})[row, column] = base * factor
    result = [(net, list(taxes)) for net, taxes in split]
    for cells in shares.values():
        total = _round(sum(cells.values(), Fraction(0)), rounding)
        for (row, column), tax in zip(cells, _spread(total, list(cells.values())), strict=True):
            result[row][1][column] = tax
    if keep_net:
        return result
    return [(net + sum(old) - sum(new), new) for (net, old), (_, new) in zip(split, result, strict=True)]
