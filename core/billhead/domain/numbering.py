"""How a document's number is written: a pattern with tokens, checked before it is used.

{prefix} {year} {yy} {month} and {number:06d} with any width. The year is the fiscal year's, the month that of issue.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from billhead.domain.errors import InvalidInput

_TOKEN = re.compile(r"\{(prefix|year|yy|month|number)(?::0([1-9])d)?\}")
_PLAIN = re.compile(r"[A-Za-z0-9 ./_-]*")
LONGEST = 40


def fiscal_year(day: date, begins_in: int) -> int:
    """The fiscal year in which a day lies, named by the calendar year in which it began. `begins_in`: the month."""
    return day.year if day.month >= begins_in else day.year - 1


# a number that is longer than its width does not begin with 0
_SHAPES = {
    "year": "(?P<year>[0-9]{4})",
    "yy": "(?P<yy>[0-9]{2})",
    "month": "(?P<month>0[1-9]|1[0-2])",
    "number": "(?P<number>[0-9]{#}|[1-9][0-9]{#,17})",
}


def _loosely(literal: str) -> str:
    """However a payer writes what stands between: "2026/000012" is "2026-000012"."""
    signs = [re.escape(sign) for sign in literal.upper() if sign.isalnum()]
    return "[^0-9A-Z]*".join(["", *signs, ""]) if literal else ""


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """A checked pattern and prefix. Two numbers of one series are never written alike."""

    pattern: str
    prefix: str = ""

    def __post_init__(self) -> None:
        if not _PLAIN.fullmatch(self.prefix):
            raise InvalidInput("prefix", "only letters, digits, spaces and . / _ - can stand in it")
        names = self._names()
        if names.count("number") != 1:
            raise InvalidInput("format", "needs {number} once", hint="Write it like {prefix}{year}-{number:06d}.")
        if not {"year", "yy"} & set(names):
            raise InvalidInput("format", "needs {year} or {yy}: each fiscal year begins with 1 again")
        if len(self.text(10**9, 2026, date(2026, 12, 31))) > LONGEST:
            raise InvalidInput("format", f"makes numbers longer than {LONGEST} characters")
        self._apart()

    def _names(self) -> list[str]:
        found = [match[1] for match in _TOKEN.finditer(self.pattern)]
        if not _PLAIN.fullmatch(_TOKEN.sub("", self.pattern)):
            raise InvalidInput(
                "format", f"{self.pattern!r} holds more than tokens, letters, digits and . / _ -",
                hint="Tokens are {prefix} {year} {yy} {month} {number:06d}.",
            )  # fmt: skip
        if any(match[2] and match[1] != "number" for match in _TOKEN.finditer(self.pattern)):
            raise InvalidInput("format", "only {number} has a width")
        return found

    def _apart(self) -> None:
        """A digit beside {number} would make 1 and 11 look alike: 2026 and 1 are 20261, and so are 202 and 61."""
        shown = _TOKEN.sub(lambda found: "#" if found[1] == "number" else self._digits(found[1]), self.pattern)
        shown = _TOKEN.sub(lambda found: "#" if found[1] == "number" else self._digits(found[1]), self.pattern)
        before, _, after = shown.partition("#")
        if before[-1:].isdigit() or after[:1].isdigit():
            raise InvalidInput("format", "a sign that is no digit must stand beside {number}")

    def _digits(self, name: str) -> str:
        return self.prefix if name == "prefix" else "0"

    def found_in(self, text: str) -> Iterator[str]:
        """Numbers of this series that stand in a text, whatever signs and blanks are between their parts."""
        shape, end = "", 0
        for token in _TOKEN.finditer(self.pattern):
            name, before = token[1], _loosely(self.pattern[end : token.start()])
            part = _loosely(self.prefix) if name == "prefix" else _SHAPES[name].replace("#", token[2] or "1")
            shape += before + (part.replace(f"?P<{name}>", "?:") if f"<{name}>" in shape else part)
            end = token.end()
        shape += _loosely(self.pattern[end:])
        for match in re.finditer(f"(?<![0-9]){shape}(?![0-9])", text.upper(), re.ASCII):
            found = {"month": "1", **match.groupdict()}
            year = int(found["year"]) if "year" in found else 2000 + int(found["yy"])
            yield self.text(int(found["number"]), year, date(2000, int(found["month"]), 1))

    def text(self, number: int, fiscal_year: int, issued_on: date) -> str:
        return self.pattern.format(
            prefix=self.prefix,
            year=fiscal_year,
            yy=f"{fiscal_year % 100:02d}",
            month=f"{issued_on.month:02d}",
            number=number,
        )
