"""Prices as people are used to reading them: a list price, so many percent more or less, in whole steps."""

from billhead.domain.errors import InvalidInput
from billhead.domain.money import EXPONENTS, Money, Rounding, round_ratio
from billhead.domain.percentage import parse_percent

__all__ = ["marked_up", "parse_mark_up", "price_step", "price_ways"]

_MILLION = 1_000_000
_PPM = 10_000  # of a percent
_LEAST, _MOST = -99, 1000

# In major units, of currencies whose small coins buy nothing.
_WHOLE_STEPS = {
    1000: "COP GNF IDR IQD IRR KHR LAK LBP MGA MMK PYG SLE UGX UZS VND",
    100: "ARS CLP KRW MNT NGN RWF TZS",
    10: "AMD CRC DJF HUF ISK JPY KMF KZT PKR RSD RUB XAF XOF XPF",
}
_STEPS = {code: step for step, codes in _WHOLE_STEPS.items() for code in codes.split()}


def price_step(currency: str) -> Money:
    """0.10 EUR, 10 JPY, 1000 IDR: a tenth of the unit, and more where that buys nothing."""
    digits = EXPONENTS[currency]
    if currency in _STEPS:
        return Money(_STEPS[currency] * 10**digits, currency)
    return Money(10 ** max(digits - 1, 0), currency)


def price_ways(currency: str) -> list[tuple[int, int]]:
    """How prices are rounded: (to a multiple of, and so much less) in minor units, the finest first. For EUR to 0.01,
    0.10, 1.00 and to just below 1.00, like 9.99."""
    step = price_step(currency).minor
    coin = 10 ** EXPONENTS[currency] if currency in _STEPS else 1
    return list(dict.fromkeys([(coin, 0), (step, 0), (step * 10, 0), (step * 10, coin)]))


def parse_mark_up(text: str, field: str = "percent") -> int:
    """As it is typed ("+20", "−2,5") in parts per million. Raises InvalidInput(field, …): from -99 to 1000."""
    ppm = parse_percent(text.strip().removeprefix("+").replace("−", "-").replace(",", "."), field)
    if not _LEAST * _PPM <= ppm <= _MOST * _PPM:
        raise InvalidInput(field, f"must be from {_LEAST} to {_MOST}")
    return ppm


def marked_up(listed: Money, percent_ppm: int, least: Money | None = None) -> Money:
    """`listed` and so many parts per million of it, to the nearest step; to the one above where that would be less than
    `least`. What is free stays free, and nothing else becomes it.

    Raises InvalidInput("percent", …) where it is less than `least` before it is rounded.
    """
    wanted = listed.minor * (_MILLION + percent_ppm)
    if least is not None and round_ratio(wanted, _MILLION, Rounding.UP) < least.minor:  # as the floor is rounded
        raise InvalidInput("percent", f"must be at least {least}: the operator has set that floor")
    if not listed:
        return listed
    step = price_step(listed.currency).minor
    steps = max(round_ratio(wanted, _MILLION * step, Rounding.HALF_UP), 1)
    if least is not None and steps * step < least.minor:
        steps += 1
    return Money(steps * step, listed.currency)
