"""What a fact is: text, an amount, a day, or one of these; how it is written is told by its reader's language."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from billhead.domain.money import Money
from billhead.wording import Wording

__all__ = [
    "Address",
    "Bill",
    "BillLine",
    "Debt",
    "Debts",
    "Happening",
    "Happenings",
    "Month",
    "Own",
    "Rows",
    "Said",
    "TermOf",
    "said",
]

Said = Callable[[Wording], str]
"""Our own words, said once it is known in which language."""


class Address(str):
    """Of a page: it can be a link, and nothing is put around it."""

    __slots__ = ()


class Own(str):
    """A name that the seller has given: said as it calls it in the reader's language."""

    __slots__ = ()


def said(text: str, **named: str) -> Said:
    """What is `named` keeps its own order among words from right to left: 2026-000012."""
    return lambda words: words.say(text, **{name: words.upright(value) for name, value in named.items()})


@dataclass(frozen=True, slots=True)
class Month:
    day: date


@dataclass(frozen=True, slots=True)
class TermOf:
    """ "3 months" """

    term: str


# -- what stands on lines of its own ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rows:
    """Labels with what is to be typed somewhere: written exactly so."""

    rows: Sequence[tuple[Said, object]]

    def __bool__(self) -> bool:
        return bool(self.rows)


@dataclass(frozen=True, slots=True)
class BillLine:
    description: Said
    period: tuple[date, date] | None  # half-open
    discount: Said | None
    net: Money


@dataclass(frozen=True, slots=True)
class Bill:
    lines: Sequence[BillLine]
    tax: Money
    total: Money


@dataclass(frozen=True, slots=True)
class Debt:
    title: Said
    owed: Money
    pay_url: str


@dataclass(frozen=True, slots=True)
class Debts:
    debts: Sequence[Debt]

    def __bool__(self) -> bool:
        return bool(self.debts)


@dataclass(frozen=True, slots=True)
class Happening:
    said: str
    at: datetime
    url: str


@dataclass(frozen=True, slots=True)
class Happenings:
    """What a digest tells of: each with the page that leads on."""

    happenings: Sequence[Happening]
