"""Rates as CSV: a header, and a row for each rate. Rates are percent with a dot (9.975), days are 2026-11-28."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from billhead.plugin import InvalidInput
from billhead_sales_tax.rates import Rate, checked

__all__ = ["COLUMNS", "Fault", "look_through", "percent", "read_rates", "written_rates"]

COLUMNS = (
    "place", "postcode", "tax_class", "tax", "rate", "since", "until", "position", "compound", "registered_in",
    "replaces", "reverse_charge", "authority",
)  # fmt: skip
_NEEDED = ("place", "tax", "rate", "since")
_PERCENT = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,9})?")
_YES = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False, "": False}


class Fault(NamedTuple):
    """`line` 0: of the header, or of several rows together."""

    line: int
    field: str
    why: str


def read_rates(text: str) -> list[Rate]:
    """The rows of a file. Raises InvalidInput naming line and column."""
    rates = []
    for _line, found in _rows(text):
        if isinstance(found, InvalidInput):
            raise found
        rates.append(found)
    return checked(rates)


def look_through(text: str) -> tuple[list[Rate], list[Fault]]:
    """The rows of a file and all that is wrong in it: one fault of each line, then what rows are to each other."""
    rates, faults = [], []
    try:
        for line, found in _rows(text):
            if isinstance(found, InvalidInput):
                faults.append(Fault(line, found.field or "", found.why.removeprefix(f"line {line}: ")))
                continue
            try:
                checked([found])
                rates.append(found)
            except InvalidInput as error:
                faults.append(Fault(line, error.field or "", error.why))
        return checked(rates), faults
    except InvalidInput as error:
        return [], [*faults, Fault(0, error.field or "", error.why)]


def _rows(text: str) -> Iterator[tuple[int, Rate | InvalidInput]]:
    """Each row with its line, as a rate or as what is wrong. Raises InvalidInput for the header, or no CSV at all."""
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    try:
        reader.fieldnames = _header(reader.fieldnames or ())
        for row in reader:
            if None in row:
                yield reader.line_num, InvalidInput(f"line {reader.line_num}", "has more fields than the header")
                continue
            told = {name: (value or "").strip() for name, value in row.items()}
            if any(told.values()):
                yield reader.line_num, _row(told, reader.line_num)
    except csv.Error as error:
        raise InvalidInput(f"line {reader.line_num}", f"is no CSV: {error}") from error


def _header(names: Sequence[str]) -> list[str]:
    header = [name.strip() for name in names]
    for at, name in enumerate(header):
        if name not in COLUMNS:
            raise InvalidInput(name or "header", "is not a column here", hint=f"there are: {', '.join(COLUMNS)}")
        if name in header[:at]:
            raise InvalidInput(name, "stands twice in the header")
    for name in _NEEDED:
        if name not in header:
            raise InvalidInput(name, "is missing in the header")
    return header


def _row(told: Mapping[str, str], line: int) -> Rate | InvalidInput:
    try:
        return _rate(told, line)
    except InvalidInput as error:
        return error


def written_rates(rates: Iterable[Rate]) -> str:
    """The rows as a file that `read_rates` reads."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for rate in rates:
        writer.writerow(
            [
                rate.place, rate.postcode, rate.tax_class, rate.tax, percent(rate.rate_ppm), rate.since,
                rate.until or "", rate.position, "yes" if rate.compound else "", rate.registered_in, rate.replaces,
                "yes" if rate.reverse_charge else "", rate.authority,
            ]
        )  # fmt: skip
    return out.getvalue()


def percent(ppm: int) -> str:
    """99750 → "9.975"."""
    return f"{Decimal(ppm).scaleb(-4).normalize():f}"


def _rate(told: Mapping[str, str], line: int) -> Rate:
    def read(name: str, kind: Callable[[str], Any]) -> Any:
        try:
            return kind(told.get(name, ""))
        except (ValueError, KeyError) as error:
            raise InvalidInput(name, f"line {line}: {told.get(name, '')!r} {_WRONG[kind]}") from error

    return Rate(
        place=told.get("place", "").upper(),
        tax=told.get("tax", ""),
        rate_ppm=read("rate", _ppm),
        since=read("since", _day),
        until=read("until", _day) if told.get("until") else None,
        postcode="".join(sign for sign in told.get("postcode", "").upper() if sign.isalnum()),
        tax_class=told.get("tax_class", ""),
        position=read("position", _number),
        compound=read("compound", _yes),
        registered_in=told.get("registered_in", "").upper(),
        replaces=told.get("replaces", ""),
        reverse_charge=read("reverse_charge", _yes),
        authority=told.get("authority", "").upper(),
    )


def _ppm(text: str) -> int:
    typed = text.removesuffix("%").strip()
    rate = Decimal(typed).scaleb(4) if _PERCENT.fullmatch(typed) else None
    if rate is None or rate != rate.to_integral_value() or not 0 <= rate < 1_000_000:
        raise ValueError(text)
    return int(rate)


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _number(text: str) -> int:
    if text and not (text.isascii() and text.isdigit() and len(text) < 5):
        raise ValueError(text)
    return int(text or 0)


def _yes(text: str) -> bool:
    return _YES[text.lower()]


_WRONG: Mapping[Callable[[str], Any], str] = {
    _ppm: "is not a percentage from 0 to below 100 with at most four decimals",
    _day: "is not a day like 2026-11-28",
    _number: "is not a whole number",
    _yes: "is not yes or no",
}
