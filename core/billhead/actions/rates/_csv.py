"""Two shapes of a file with exchange rates.

day,currency,base,rate                 one rate a row: on that day 1 `currency` was `rate` of `base`
2026-11-20,USD,EUR,0.9215

Date,USD,JPY,…                         as central banks publish them, one day a row: what 1 EUR was in each
2026-11-20,1.0852,163.40,…
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from billhead.domain.counted import counted
from billhead.domain.errors import InvalidInput
from billhead.domain.money import CREDITS, EXPONENTS

__all__ = ["RateRow", "RatesRead", "checked_rate", "is_money", "read_rates"]

_COLUMNS = ("day", "currency", "base", "rate")
_CODE = re.compile(r"[A-Z]{3}")
_RATE = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,12})?")
_ABSENT = frozenset({"", "N/A", "-"})
WIDE_BASE = "EUR"


class RateRow(NamedTuple):
    day: date
    currency: str
    base: str
    rate: str


class RatesRead(NamedTuple):
    """`skipped`: columns of a wide file that are no currency any more."""

    rows: list[RateRow]
    skipped: list[str]


def read_rates(text: str, since: date | None = None) -> RatesRead:
    """All rates of the file, from `since` on. Raises InvalidInput with the line and what is wrong on it."""
    lines = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    head = [cell.strip() for cell in next(lines, [])]
    lower = [cell.lower() for cell in head]
    if set(_COLUMNS) <= set(lower):
        rows = list(_long(lines, [lower.index(name) for name in _COLUMNS]))
        skipped: list[str] = []
    elif lower[:1] == ["date"] and len(head) > 1:
        codes = [code if is_money(code) else "" for code in head]
        skipped = [name for name in head[1:] if name and not is_money(name)]
        rows = list(_wide(lines, codes))
    else:
        raise InvalidInput(
            "file",
            f"its first line is {', '.join(head)[:80] or 'empty'}",
            hint=f"Begin it with {','.join(_COLUMNS)} or with Date,USD,JPY,… as central banks do.",
        )
    chosen = [row for row in rows if since is None or row.day >= since]
    seen: dict[tuple[date, str, str], RateRow] = {}
    for row in chosen:
        if seen.setdefault(row[:3], row) != row:
            raise InvalidInput("file", f"it has two rates for {row.currency} in {row.base} on {row.day}")
    return RatesRead(list(seen.values()), skipped)


def is_money(code: str) -> bool:
    """A currency that there are rates of."""
    return code in EXPONENTS and code != CREDITS


def _long(lines: Iterator[list[str]], at: Sequence[int]) -> Iterator[RateRow]:
    for number, cells in enumerate(lines, 2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) <= max(at):
            has = len(cells)
            few = f"it has {has} column, fewer than the first line", f"it has {has} columns, fewer than the first line"
            raise InvalidInput(f"line {number}", counted(has, *few))
        day, currency, base, rate = (cells[index].strip() for index in at)
        for name, code in (("currency", currency), ("base", base)):
            if not is_money(code):
                raise InvalidInput(f"line {number}: {name}", f"{code!r} is not a currency", hint="Write it like EUR.")
        if currency == base:
            raise InvalidInput(f"line {number}: base", f"it is {base} as well: that rate is always 1")
        yield RateRow(_day(day, number), currency, base, checked_rate(f"line {number}: rate", rate))


def _wide(lines: Iterator[list[str]], codes: Sequence[str]) -> Iterator[RateRow]:
    for number, cells in enumerate(lines, 2):
        if not any(cell.strip() for cell in cells):
            continue
        day = _day(cells[0].strip(), number)
        for code, cell in zip(codes[1:], cells[1:], strict=False):
            if code and code != WIDE_BASE and cell.strip().upper() not in _ABSENT:
                yield RateRow(day, WIDE_BASE, code, checked_rate(f"line {number}: rate", cell.strip()))


def _day(text: str, number: int) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"line {number}: day", f"{text!r} is not a date", hint="Write it like 2026-11-20.") from None


def checked_rate(field: str, text: str) -> str:
    """The decimal number as it is kept. Raises InvalidInput(field, …) for what is none, or not above zero."""
    if not _RATE.fullmatch(text) or not Decimal(text):
        raise InvalidInput(
            field,
            f"{text!r} is not a rate",
            hint="Digits with a dot for decimals, above zero, up to 12 of them after the dot.",
        )
    return f"{Decimal(text).normalize():f}"
