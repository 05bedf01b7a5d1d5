"""Money as whole minor units of one currency, with rounding named at every call that needs it.

Amounts are split only by `allocate`, so that the parts always add up to the whole. Floats, booleans and NaN
are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from billhead.domain.errors import CurrencyMismatch, InvalidInput
from billhead.domain.typed_text import western_digits

CREDITS = "XCR"
"""Reseller credits: virtual money with two decimals, in the range that ISO 4217 leaves to users."""

LARGEST_MINOR = 2**63 - 1
"""What a 64-bit database column holds; nothing real comes near."""

# ISO 4217 list one, funds included, without metals, test codes and units that no one is paid in.
_BY_EXPONENT = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: (
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD "
        "CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP "
        "GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK "
        "LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO "
        "NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS "
        "SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST "
        "XAD XCD XCG YER ZAR ZMW ZWG " + CREDITS
    ),
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
EXPONENTS: dict[str, int] = {code: digits for digits, codes in _BY_EXPONENT.items() for code in codes.split()}

# ASCII only: \d would let the digits of every script through, some of which look like others.
_PLAIN_NUMBER = re.compile(r"(?P<sign>[+-]?)(?P<whole>[0-9]{1,18})(?:\.(?P<part>[0-9]{1,18}))?")


class Rounding(StrEnum):
    """Towards which whole minor unit. UP and HALF_UP go away from zero, DOWN goes towards it."""

    HALF_UP = "half_up"
    HALF_EVEN = "half_even"
    UP = "up"
    DOWN = "down"


def exponent(currency: str) -> int:
    """How many decimals the currency has: 2 for EUR, 0 for JPY, 3 for KWD."""
    try:
        return EXPONENTS[currency]
    except (KeyError, TypeError):
        raise InvalidInput(
            "currency", f"{currency!r} is not a currency", hint="Use an ISO 4217 code in capitals, like EUR."
        ) from None


def round_ratio(numerator: int, denominator: int, rounding: Rounding) -> int:
    """numerator / denominator to a whole number; the denominator is positive."""
    whole, rest = divmod(abs(numerator), denominator)
    twice = 2 * rest
    up = (
        (rounding == Rounding.HALF_UP and twice >= denominator)
        or (rounding == Rounding.UP and rest > 0)
        or (rounding == Rounding.HALF_EVEN and twice + whole % 2 > denominator)
    )
    whole += up
    return -whole if numerator < 0 else whole


def exact(number: Decimal | Fraction | int, field: str) -> Fraction:
    """The number as a fraction; refuses floats, booleans, NaN and infinity by name."""
    if isinstance(number, bool) or not isinstance(number, Decimal | Fraction | int):
        raise InvalidInput(field, f"{number!r} is not an exact number", hint="Use Decimal, Fraction or int.")
    if isinstance(number, Decimal) and not number.is_finite():
        raise InvalidInput(field, f"{number} is not a finite number")
    return Fraction(number)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in whole minor units (cents). Negative amounts are allowed; mixing currencies is not."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise InvalidInput("amount", f"{self.minor!r} is not a whole number of minor units")
        if not -LARGEST_MINOR <= self.minor <= LARGEST_MINOR:
            raise InvalidInput("amount", "is larger than can be stored")
        if self.currency not in EXPONENTS:
            exponent(self.currency)

    @classmethod
    def zero(cls, currency: str) -> Money:
        return cls(0, currency)

    @classmethod
    def parse(cls, text: str, currency: str) -> Money:
        """Plain digits with a dot, Arabic and Persian ones too. Too many decimals are refused: 12.500 EUR may mean
        twelve thousand."""
        digits = exponent(currency)
        found = _PLAIN_NUMBER.fullmatch(western_digits(text.strip())) if isinstance(text, str) else None
        if found is None:
            raise InvalidInput(
                "amount",
                f"{text!r} is not an amount",
                hint="Write digits with a dot for decimals and no thousands sign, like 1250.50.",
            )
        part = found["part"] or ""
        if len(part) > digits and currency == CREDITS:
            raise InvalidInput("amount", f"{text!r} has more decimals than credits have ({digits})")
        if len(part) > digits:
            raise InvalidInput("amount", f"{text!r} has more decimals than {currency} has ({digits})")
        minor = int(found["whole"]) * 10**digits + int(part.ljust(digits, "0") or 0)
        return cls(-minor if found["sign"] == "-" else minor, currency)

    def decimal(self) -> Decimal:
        """The amount in major units, with exactly the currency's decimals."""
        sign, digits = int(self.minor < 0), tuple(int(digit) for digit in str(abs(self.minor)))
        return Decimal((sign, digits, -EXPONENTS[self.currency]))

    @classmethod
    def total(cls, amounts: Iterable[Money], currency: str) -> Money:
        """The sum of any number of amounts, none included."""
        return sum(amounts, cls(0, currency))

    def _same(self, other: Money) -> int:
        if not isinstance(other, Money):
            raise TypeError(f"Money compares with Money, not with {other!r}")
        if self.currency != other.currency:
            raise CurrencyMismatch(self.currency, other.currency)
        return other.minor

    def __add__(self, other: Money) -> Money:
        if not isinstance(other, Money):
            return NotImplemented
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        if not isinstance(other, Money):
            return NotImplemented
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __abs__(self) -> Money:
        return Money(abs(self.minor), self.currency)

    def __bool__(self) -> bool:
        return self.minor != 0

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.minor <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        return self.minor > self._same(other)

    def __ge__(self, other: Money) -> bool:
        return self.minor >= self._same(other)

    def times(self, factor: Decimal | Fraction | int, rounding: Rounding) -> Money:
        """The amount times an exact factor, rounded once."""
        by = exact(factor, "factor")
        return Money(round_ratio(self.minor * by.numerator, by.denominator, rounding), self.currency)

    def allocate(self, weights: Sequence[int]) -> list[Money]:
        """Split by weight so that the parts sum to the whole (largest remainder, earlier parts first).

        1.00 EUR by (1, 1, 1) is 0.34 + 0.33 + 0.33; rounding each third alone would lose a cent.
        """
        parts = spread(self.minor, weights)
        return [Money(part, self.currency) for part in parts]

    def __str__(self) -> str:
        return f"{self.decimal():f} {self.currency}"


def spread(whole: int, weights: Sequence[int]) -> list[int]:
    """`Money.allocate` on bare minor units, for bulk work."""
    if any(type(weight) is not int or weight < 0 for weight in weights):
        raise InvalidInput("weights", f"must be whole numbers from zero up, got {list(weights)}")
    total = sum(weights)
    if total == 0:
        if whole == 0:
            return [0] * len(weights)
        raise InvalidInput("weights", "need at least one above zero: there is nothing to split by")
    sign = -1 if whole < 0 else 1
    parts: list[int] = []
    rests: list[int] = []
    for weight in weights:
        part, rest = divmod(abs(whole) * weight, total)
        parts.append(part)
        rests.append(rest)
    left = abs(whole) - sum(parts)
    for index in sorted(range(len(rests)), key=lambda at: -rests[at])[:left]:
        parts[index] += 1
    assert sum(parts) == abs(whole), "largest remainder must give the whole away"
    return [sign * part for part in parts]


@dataclass(frozen=True, slots=True)
class UnitPrice:
    """A price per unit of usage, often below a cent: 0.0004 EUR a minute. Becomes Money over a quantity."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not isinstance(self.amount, Decimal):
            raise InvalidInput("unit price", f"{self.amount!r} is not a Decimal")
        exact(self.amount, "unit price")
        exponent(self.currency)

    def times(self, quantity: Decimal | Fraction | int, rounding: Rounding) -> Money:
        """The price of that many units, rounded once."""
        total = exact(self.amount, "unit price") * exact(quantity, "quantity") * 10 ** exponent(self.currency)
        return Money(round_ratio(total.numerator, total.denominator, rounding), self.currency)

    def __str__(self) -> str:
        return f"{self.amount:f} {self.currency}"
