"""Enter the exchange rate of a day. What documents have frozen stays; it holds for documents to come."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from billhead import clock
from billhead.actions.rates._csv import checked_rate, is_money
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput
from billhead.models.sellers import ExchangeRate

__all__ = ["RateEntered", "enter_rate"]

_LONGEST = 100


@dataclass(frozen=True, slots=True)
class RateEntered:
    """`before`: what was known for that day; "" for a rate that is new."""

    rate_id: int
    rate: str
    before: str


@verb("rates.enter", permission="rates.write")
def enter_rate(tx: Tx, day: date, currency: str, base: str, rate: str, source: str) -> RateEntered:
    """On `day` one unit of `currency` was worth `rate` (decimal digits) of `base`, as `source` says. Another rate that
    was known for that day is replaced, as by a file. Raises InvalidInput (field and reason); Conflict (`rate`) where
    somebody enters that day at the same moment: nobody replaces what they have not seen."""
    for field, code in (("currency", currency), ("base", base)):
        if not is_money(code):
            raise InvalidInput(field, f"{code!r} is not a currency", hint="Write it like EUR.")
    if currency == base:
        raise InvalidInput("base", f"it is {base} as well: that rate is always 1")
    if day > clock.latest_today():
        raise InvalidInput("day", f"{day} has not come yet: nobody knows its rate")
    source = source.strip()
    if not 1 <= len(source) <= _LONGEST:
        raise InvalidInput("source", f"is needed, at most {_LONGEST} letters")
    worth = checked_rate("rate", rate)
    same = ExchangeRate.day == day, ExchangeRate.currency == currency, ExchangeRate.base == base
    row = tx.session.scalar(select(ExchangeRate).where(*same).with_for_update())
    before = row.rate if row is not None else ""
    row = row or ExchangeRate(day=day, currency=currency, base=base)
    try:
        with tx.session.begin_nested():
            row.rate, row.source = worth, source
            tx.session.add(row)
    except IntegrityError as error:  # two at once
        there = tx.session.scalars(select(ExchangeRate).where(*same)).one()
        raise Conflict(
            f"{there.rate} has just been entered for that day, as {there.source} says",
            field="rate",
            hint="Send yours again to replace it.",
        ) from error
    note(tx, f"rate:{currency}-{base}", day=day.isoformat(), rate=worth, before=before, source=source)
    return RateEntered(row.id, worth, before)
