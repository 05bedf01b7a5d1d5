"""TOML tables read key by key: each mistake is noted with its table and key, and reading goes on to find the next.

A value that cannot be used is replaced by an empty one, so that callers need no second path; `Problems.refuse` at the
end makes sure that nothing read this way is ever used.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any

from billhead.domain.errors import InvalidInput
from billhead.domain.money import Money
from billhead.domain.periods import Term

_CODE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_TERM = re.compile(r"([1-9][0-9]{0,3})([dwmy])")
_UNITS = {"d": "day", "w": "week", "m": "month", "y": "year"}
NO_TERM = Term("day", 1)


class Problems:
    """The mistakes found so far, each as `table.key: what is wrong. How to mend it.`"""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: list[str] = []

    def add(self, place: str, why: str, mend: str) -> None:
        self.lines.append(f"{place}: {why}. {mend}")

    def add_refused(self, place: str, error: InvalidInput) -> None:
        self.add(place, error.why, error.hint or "Correct the value.")

    def refuse(self) -> None:
        if self.lines:
            raise InvalidInput(
                self.file,
                "\n".join([f"{len(self.lines)} to correct", *self.lines]),
                code="invalid_catalog",
                hint="Correct every line named here; nothing was imported.",
            )


class Table:
    """One TOML table and where it stands in the file."""

    def __init__(self, content: Mapping[str, Any], place: str, problems: Problems) -> None:
        self._content = content
        self._read: set[str] = set()
        self.place = place
        self.problems = problems

    def at(self, key: str) -> str:
        return f"{self.place}.{key}" if self.place else key

    def wrong(self, key: str, why: str, mend: str) -> None:
        self.problems.add(self.at(key), why, mend)

    def has(self, key: str) -> bool:
        return key in self._content

    def _take(self, key: str, kind: type | tuple[type, ...], mend: str, default: Any) -> Any:
        self._read.add(key)
        if key not in self._content:
            if default is None:
                self.wrong(key, "is missing", mend)
            return default
        value = self._content[key]
        # True is an int to Python, never to a reader of the file.
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            self.wrong(key, f"{value!r} does not fit", mend)
            return None
        return value

    def text(self, key: str, default: str | None = None) -> str:
        value = self._take(key, str, "Write a text in quotes.", default)
        if value is not None and not value.strip() and default is None:
            self.wrong(key, "is empty", "Write a text in quotes.")
        return (value or "").strip()

    def whole(self, key: str, default: int | None = None, *, minimum: int = 0) -> int:
        mend = f"Write a whole number from {minimum} up."
        value = self._take(key, int, mend, default)
        if value is not None and value < minimum:
            self.wrong(key, f"{value} is too small", mend)
        return minimum if value is None else int(value)

    def flag(self, key: str, default: bool | None = None) -> bool:
        return bool(self._take(key, bool, "Write true or false.", default))

    def one_of(self, key: str, choices: Collection[str], default: str | None = None) -> str:
        value = self.text(key, default)
        if value and value not in choices:
            self.wrong(key, f"{value!r} is not known here", _choose(value, choices))
        return value

    def items(self, key: str, kind: type, mend: str, default: list[Any] | None = None) -> list[Any]:
        values = self._take(key, list, mend, default) or []
        good = [item for item in values if isinstance(item, kind) and not isinstance(item, bool)]
        if len(good) != len(values):
            self.wrong(key, f"{values!r} does not fit", mend)
        return good

    def some_of(self, key: str, choices: Collection[str], default: list[str] | None = None) -> tuple[str, ...]:
        values = self.items(key, str, 'Write a list of texts, like ["a", "b"].', default)
        for value in values:
            if value not in choices:
                self.wrong(key, f"{value!r} is not known here", _choose(value, choices))
        for value in sorted({value for value in values if values.count(value) > 1}):
            self.wrong(key, f"{value!r} stands there twice", "Leave one of them out.")
        return tuple(values)

    def instant(self, key: str) -> datetime:
        mend = "Write date, time and offset without quotes, like 2026-12-19T17:00:00Z."
        value = self._take(key, datetime, mend, None)
        if value is not None and value.tzinfo is None:
            self.wrong(key, f"{value} has no offset from UTC", mend)
            value = None
        return value.astimezone(UTC) if value else datetime.min.replace(tzinfo=UTC)

    def money(self, key: str, currency: str) -> Money:
        """An amount from zero up; `currency` is that of the amount."""
        text = self.text(key)
        try:
            amount = Money.parse(text, currency) if text else Money.zero(currency)
        except InvalidInput as error:
            self.problems.add_refused(self.at(key), error)
            return Money.zero(currency)
        if amount < Money.zero(currency):
            self.wrong(key, f"{text!r} is below zero", "Write an amount from 0 up.")
        return amount

    def child(self, key: str, default: dict[str, Any] | None = None) -> Table:
        content = self._take(key, dict, f"Add a table [{self.at(key)}].", default)
        return Table(content or {}, self.at(key), self.problems)

    def rows(self, key: str, default: list[Any] | None = None) -> list[Table]:
        """An array of tables; people count from one."""
        rows = self.items(key, dict, f"Add a table [[{self.at(key)}]].", default)
        return [Table(row, f"{self.at(key)}[{n}]", self.problems) for n, row in enumerate(rows, start=1)]

    def coded(self, key: str) -> Iterator[tuple[str, Table]]:
        """The tables [key.code], each with its code; there may be none."""
        group = self.child(key, {})
        for code in group.names():
            if not _CODE.fullmatch(code):
                group.wrong(code, "is not a code", 'Use a-z, 0-9 and "-" between them, like basic-mag.')
            yield code, group.child(code)

    def names(self) -> tuple[str, ...]:
        return tuple(self._content)

    def value(self, key: str) -> Any:
        self._read.add(key)
        return self._content.get(key)

    def finish(self) -> None:
        """Note every key that nobody asked for: a spelling mistake must not pass for a default."""
        for key in self._content:
            if key not in self._read:
                self.wrong(key, "is not a known key", _choose(key, self._read))


def parse_short_term(text: str) -> Term:
    """ "3m" → three months."""
    found = _TERM.fullmatch(text.strip())
    if found is None:
        raise InvalidInput(
            "term", f"{text!r} is not a term", hint='Write a number and d, w, m or y, like "3m" or "7d".'
        )
    return Term(_UNITS[found[2]], int(found[1]))


def _choose(value: str, choices: Collection[str]) -> str:
    near = get_close_matches(value, choices, n=1)
    if near:
        return f"Did you mean {near[0]!r}?"
    return f"Use one of: {', '.join(sorted(choices))}." if choices else "There is none to choose from yet."
