"""Splits a CSV stream into records without ever losing a line to a quote that somebody forgot to close.

The standard reader would swallow the rest of the file into one field. Here a record may span lines (a note with a line
break), but only if it then has exactly the header's columns; otherwise its first line alone is broken, and reading
goes on with the next one.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

DELIMITERS = ",;\t"
_MOST_LINES = 20


@dataclass(frozen=True, slots=True)
class Record:
    line: int  # of the file, from 1, where the record starts
    fields: list[str] | None  # None: the quotes do not fit together


def split_line(lines: list[str], delimiter: str) -> list[str] | None:
    """The fields of one record, or None while its quotes are open or broken."""
    try:
        rows = list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    if not rows:
        return []
    return rows[0] if len(rows) == 1 else None


def split_records(lines: Iterable[str], delimiter: str, width: int, first_line: int) -> Iterator[Record]:
    waiting: deque[str] = deque()
    source = iter(lines)
    number = first_line
    while True:
        line = waiting.popleft() if waiting else next(source, None)
        if line is None:
            return
        fields, taken = split_line([line], delimiter), 1
        if fields is None:
            fields, taken = _join(line, waiting, source, delimiter, width)
        yield Record(number, fields)
        number += taken


def _join(
    line: str, waiting: deque[str], source: Iterator[str], delimiter: str, width: int
) -> tuple[list[str] | None, int]:
    """Add lines until the quotes close on a whole record; give them all back where they do not."""
    joined = [line]
    while len(joined) < _MOST_LINES:
        following = waiting.popleft() if waiting else next(source, None)
        if following is None:
            break
        joined.append(following)
        fields = split_line(joined, delimiter)
        if fields is not None and len(fields) == width:
            return fields, len(joined)
    waiting.extendleft(reversed(joined[1:]))
    return None, 1
