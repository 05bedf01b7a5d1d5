"""The dashboard's amounts of several currencies as one: in the currency of the books, by the rates of the day."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from billhead.actions.rates._lookup import Pair, rates_on, worth_minor
from billhead.domain.money import Money
from billhead.reports._recurring_moves import Moves
from billhead.web.admin.home_figures import Debt, Income

__all__ = ["Totals", "totals_of"]


@dataclass(frozen=True, slots=True)
class Totals:
    """None where there is one currency, which says it itself, or a rate is not known: no figure is half."""

    received: Money | None
    owed: Money | None
    late: Money | None
    recurring: Money | None


def totals_of(
    session: Session,
    base: str | None,
    day: date,
    incomes: Sequence[Income],
    owed: Sequence[Debt],
    moves: Sequence[Moves],
) -> Totals:
    """One query, and none in a house of one currency. `base`: None where the operator keeps books in several."""
    came = [Money(one.received, one.currency) for one in incomes]
    minors = [Money(one.minor, one.currency) for one in owed]
    late = [Money(one.late_minor, one.currency) for one in owed]
    recurring = [one.after for one in moves]
    used = {one.currency for one in (*came, *minors, *recurring)}
    rates: dict[Pair, str | None] = {}
    if base is not None and used - {base}:
        rates = rates_on(session, day, {Pair(currency, base) for currency in used})

    def together(amounts: Iterable[Money]) -> Money | None:
        several = [one for one in amounts if one.minor]
        return _sum(several, base, rates.get) if base is not None and len(several) > 1 else None

    return Totals(together(came), together(minors), together(late), together(recurring))


def _sum(amounts: Sequence[Money], base: str, rate_of: Callable[[Pair], str | None]) -> Money | None:
    minor = 0
    for one in amounts:
        pair = Pair(one.currency, base)
        if (rate := rate_of(pair)) is None:
            return None
        minor += worth_minor(one.minor, pair, rate)
    return Money(minor, base)
