"""The rate of a day between two currencies: as it was imported, turned round, or through a third currency.

A rate holds until a newer one comes, 31 days at most (monthly customs rates are used for tax): older ones are no rate,
because a figure that looks right and is not does more harm in a report than one that is missing.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta
from decimal import Context, Decimal
from fractions import Fraction
from typing import NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from billhead.domain.money import Rounding, exponent, round_ratio
from billhead.models.sellers import ExchangeRate

__all__ = ["OLDEST", "Pair", "rates_on", "worth_minor"]

OLDEST = timedelta(days=31)
_TEN_DIGITS = Context(prec=10)


class Pair(NamedTuple):
    """One unit of `currency` in `base`."""

    currency: str
    base: str


_Known = Mapping[Pair, tuple[date, Fraction, str]]


def rates_on(session: Session, day: date, pairs: Collection[Pair]) -> dict[Pair, str | None]:
    """The rate of each pair on that day as a decimal number, or None where none is known. One query."""
    wanted = set(pairs)
    if all(pair.currency == pair.base for pair in wanted):
        return dict.fromkeys(wanted, "1")
    known = _read(session, day, {code for pair in wanted for code in pair})
    return {pair: "1" if pair.currency == pair.base else _rate(known, pair) for pair in wanted}


def worth_minor(minor: int, pair: Pair, rate: str) -> int:
    """An amount in minor units of the base, rounded half-up."""
    if pair.currency == pair.base:
        return minor  # most documents of a run
    worth = Fraction(rate) * minor * Fraction(10) ** (exponent(pair.base) - exponent(pair.currency))
    return round_ratio(worth.numerator, worth.denominator, Rounding.HALF_UP)


def _read(session: Session, day: date, codes: set[str]) -> _Known:
    row = ExchangeRate
    query = (
        select(row.currency, row.base, row.day, row.rate)
        .where(row.day <= day, row.day > day - OLDEST, or_(row.currency.in_(codes), row.base.in_(codes)))
        .order_by(row.day)  # the newest comes last and stays
    )
    return {Pair(currency, base): (on, Fraction(rate), rate) for currency, base, on, rate in session.execute(query)}


def _rate(known: _Known, pair: Pair) -> str | None:
    """The newest of: the pair itself, the pair turned round; else through the currency whose older rate is newest."""
    turned = Pair(pair.base, pair.currency)
    direct = [known[pair]] if pair in known else []
    if turned in known and (not direct or known[turned][0] > direct[0][0]):
        day, rate, _ = known[turned]
        direct = [(day, 1 / rate, _text(1 / rate))]
    if direct:
        return direct[0][2]
    through = [
        (min(first[0], second[0]), between, first[1] * second[1])
        for between in _codes(known)
        if (first := _either(known, Pair(pair.currency, between)))
        and (second := _either(known, Pair(between, pair.base)))
    ]
    return _text(max(through)[2]) if through else None


def _either(known: _Known, pair: Pair) -> tuple[date, Fraction] | None:
    turned = Pair(pair.base, pair.currency)
    found = [known[pair][:2]] if pair in known else []
    if turned in known:
        found.append((known[turned][0], 1 / known[turned][1]))
    return max(found, default=None)


def _codes(known: Iterable[Pair]) -> list[str]:
    return sorted({code for pair in known for code in pair})


def _text(rate: Fraction) -> str:
    """Ten significant digits: what is kept is what was reckoned with."""
    return f"{_TEN_DIGITS.divide(Decimal(rate.numerator), Decimal(rate.denominator)).normalize(_TEN_DIGITS):f}"
