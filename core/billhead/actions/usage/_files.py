"""Events in files: CSV with a header, or one JSON object a line. A line that can't be read costs no other."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from billhead.domain.errors import InvalidInput
from billhead.plugin import UsageReading

__all__ = ["Unreadable", "read_events"]

_WHOSE = ("subscription", "service", "login", "handle", "reference")
_NEEDED = ("id", "metric", "at")
_KNOWN = {*_NEEDED, *_WHOSE, "quantity", "item", "properties"}


class Unreadable(NamedTuple):
    """A line of the file that is no event, as people count lines."""

    line: int
    why: str


def read_events(path: Path) -> Iterator[UsageReading | Unreadable]:
    """The events of a `.csv` or `.ndjson` file, one by one, however large it is.

    Each names its line by one of: subscription, service, login, handle, reference. Raises InvalidInput for a file that
    is not there, is not text, or has a header without what every event needs.
    """
    kinds = {".csv": _csv, ".ndjson": _ndjson, ".jsonl": _ndjson}
    if path.suffix not in kinds:
        raise InvalidInput(str(path), "is neither .csv nor .ndjson", hint="Name the file after what it holds.")
    if not path.is_file():
        raise InvalidInput(str(path), "cannot be read: there is no such file", hint="Give the path of a file.")
    with path.open(encoding="utf-8-sig", newline="") as stream:
        try:
            yield from kinds[path.suffix](path, stream)
        except UnicodeDecodeError as error:
            raise InvalidInput(str(path), f"is not UTF-8 ({error.reason})", hint="Save it as UTF-8.") from None


def _csv(path: Path, stream: TextIO) -> Iterator[UsageReading | Unreadable]:
    rows = csv.reader(stream)
    header = next(rows, [])
    unknown = [name for name in header if name not in _KNOWN - {"properties"}]
    missing = [name for name in _NEEDED if name not in header]
    named = [name for name in _WHOSE if name in header]
    if unknown or missing or not named:
        why = f"has no column {missing[0]}" if missing else f"has an unknown column {unknown[0]!r}" if unknown else ""
        hint = f"Columns: {', '.join(_NEEDED)}, quantity, item, and one of {', '.join(_WHOSE)}."
        raise InvalidInput(str(path), why or f"says not whose the events are ({', '.join(_WHOSE)})", hint=hint)
    at = {name: header.index(name) for name in header}
    event, metric, when = at["id"], at["metric"], at["at"]
    quantity, item = at.get("quantity"), at.get("item")
    width = len(header)
    only = (named[0] + ":", at[named[0]]) if len(named) == 1 else None
    for row in rows:
        if len(row) != width:
            if row:
                yield Unreadable(rows.line_num, f"it has {len(row)} fields, the header {width}")
            continue
        whose = only[0] + row[only[1]] if only else _first(row, at, named)
        yield UsageReading(
            row[event], whose, row[metric], row[quantity] if quantity is not None else 1, row[when],
            row[item] if item is not None else "",
        )  # fmt: skip


def _first(row: Sequence[str], at: Mapping[str, int], named: Sequence[str]) -> str:
    return next((f"{name}:{row[at[name]]}" for name in named if row[at[name]]), "")


def _ndjson(_path: Path, stream: TextIO) -> Iterator[UsageReading | Unreadable]:
    for number, line in enumerate(stream, 1):
        if not line.strip():
            continue
        try:
            # numbers stay texts: a float would have lost what was meant
            told = json.loads(line, parse_float=str, parse_constant=str)
        except (ValueError, RecursionError) as error:
            yield Unreadable(number, f"it is no JSON object: {error}")
            continue
        why = _fault(told)
        if why:
            yield Unreadable(number, why)
            continue
        whose = next((f"{name}:{told[name]}" for name in _WHOSE if name in told), "")
        yield UsageReading(
            str(told["id"]), whose, str(told["metric"]), told.get("quantity", 1), str(told["at"]),
            str(told.get("item") or ""), told.get("properties"),
        )  # fmt: skip


def _fault(told: Any) -> str:
    if not isinstance(told, dict):
        return "it is no JSON object"
    missing = [name for name in _NEEDED if told.get(name) in (None, "")]
    unknown = sorted(told.keys() - _KNOWN)
    if missing or unknown:
        return f"it has no {missing[0]}" if missing else f"it has an unknown field {unknown[0]!r}"
    properties = told.get("properties")
    return "" if properties is None or isinstance(properties, dict) else "its properties are no object"
