"""In which currency a one-stop shop's return is filed, and at which rate other currencies are converted for it.

Articles 366 and 369h of Directive 2006/112/EC: the European Central Bank's rate of the last day of the return's period,
or of the next day on which there is one. What corrects an earlier period has the rate of that period.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from billhead.plugin import Money, ReportSource

__all__ = ["Rate", "Rates", "converted", "last_day"]

_WAITS = timedelta(days=7)  # no rate is published from Good Friday to Easter Monday: more than that is a gap
_READ = "SELECT day, currency, base, rate FROM exchange_rates WHERE day >= :first AND day <= :until ORDER BY day"
_Known = Mapping[tuple[str, str], Fraction]


class Rate(NamedTuple):
    """One unit of `currency` in `base`; `value` is None where nobody knows it."""

    currency: str
    base: str
    day: date
    value: Fraction | None

    def __str__(self) -> str:
        """ "1 USD = 0.921489 EUR (2026-12-31)", to six digits behind the dot; "?" for what is missing."""
        shown = "?" if self.value is None else f"{Decimal(_half_up(self.value * 10**6)).scaleb(-6).normalize():f}"
        return f"1 {self.currency} = {shown} {self.base} ({self.day})"


def last_day(quarter: str) -> date:
    """Of "2026-Q4": 31 December."""
    year, number = quarter.split("-Q")
    first_after = date(int(year) + int(number) // 4, int(number) % 4 * 3 + 1, 1)
    return first_after - timedelta(days=1)


class Rates:
    """Read once for each day."""

    def __init__(self, source: ReportSource) -> None:
        self._source = source
        self._days: dict[date, dict[date, dict[tuple[str, str], Fraction]]] = {}

    def on(self, day: date, currency: str, base: str) -> Rate:
        if currency == base:
            return Rate(currency, base, day, Fraction(1))
        if day not in self._days:
            self._days[day] = self._read(day)
        for published, known in self._days[day].items():
            value = _found(known, currency, base)
            if value is not None:
                return Rate(currency, base, published, value)
        return Rate(currency, base, day, None)

    def _read(self, day: date) -> dict[date, dict[tuple[str, str], Fraction]]:
        days: dict[date, dict[tuple[str, str], Fraction]] = {}
        for on, currency, base, rate in self._source.select(_READ, first=day, until=day + _WAITS):
            published = date.fromisoformat(on[:10]) if isinstance(on, str) else on
            known = days.setdefault(published, {})
            known[currency, base] = Fraction(rate)
            known.setdefault((base, currency), 1 / Fraction(rate))
        return days


def _found(known: _Known, currency: str, base: str) -> Fraction | None:
    """As it stands, or through another currency."""
    if (currency, base) in known:
        return known[currency, base]
    through = sorted(to for of, to in known if of == currency and (to, base) in known)
    return known[currency, through[0]] * known[through[0], base] if through else None


def converted(amount: Money, rate: Rate) -> Money:
    """Rounded half-up to the cent. The rate is known."""
    assert rate.value is not None, "it was looked at before"
    major = Fraction(amount.decimal()) * rate.value
    return Money(_half_up(major / Fraction(Money(1, rate.base).decimal())), rate.base)


def _half_up(number: Fraction) -> int:
    """To a whole number, away from zero."""
    whole = (2 * abs(number.numerator) + number.denominator) // (2 * number.denominator)
    return -whole if number < 0 else whole
