"""Events as they are written: a CSV with a header, one JSON object a line, or an object that a program sends. What
can't be read costs no other."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from billhead.csv_lines import unguarded
from billhead.domain.counted import counted
from billhead.domain.errors import InvalidInput
from billhead.plugin import UsageReading

__all__ = ["COLUMNS", "ENDINGS", "KNOWN", "MENDED", "Read", "event_of", "events_in", "open_events", "to_mend"]

_WHOSE = ("subscription", "service", "login", "handle", "reference")
_NEEDED = ("id", "metric", "at")
KNOWN = (*_NEEDED, *_WHOSE, "quantity", "item", "properties")
"""What an event may say; one of the five that name a line is enough."""
COLUMNS = tuple(name for name in KNOWN if name != "properties")
"""What of that a CSV may say."""
_NOTHING = (None, "")
_ODD = "it has signs that are no text"


MENDED = "refused_because"
"""A column of files that were handed back to be mended; it is not read."""

Read = tuple[int, UsageReading | str]
"""The line, as people count them, and its event, or why it is none."""


def open_events(path: Path) -> TextIO:
    """Raises InvalidInput for a file that is not there."""
    if not path.is_file():
        raise InvalidInput(str(path), "cannot be read: there is no such file", hint="Give the path of a file.")
    return path.open(encoding="utf-8-sig", newline="")


def events_in(name: str, stream: TextIO) -> Iterator[Read]:
    """The events of a `.csv` or `.ndjson` file of that name, one by one, however large it is.

    Each names its line by one of: subscription, service, login, handle, reference. Raises InvalidInput for a file that
    is not text, is named otherwise, or has a header without what every event needs.
    """
    read = _READERS.get(Path(name).suffix.lower())
    if read is None:
        raise InvalidInput(name, "is neither .csv nor .ndjson", hint="Name the file after what it holds.")
    try:
        yield from read(name, stream)
    except UnicodeDecodeError as error:
        raise InvalidInput(name, f"is not UTF-8 ({error.reason})", hint="Save it as UTF-8.") from None
    except csv.Error as error:
        raise InvalidInput(name, f"is no CSV: {error}", hint="Close the quotes.") from None


def _csv(path: str, stream: TextIO) -> Iterator[Read]:
    rows = csv.reader(stream)
    header = next(rows, [])
    unknown = [name for name in header if name not in (*COLUMNS, MENDED)]
    missing = [name for name in _NEEDED if name not in header]
    named = [name for name in _WHOSE if name in header]
    if unknown or missing or not named:
        why = f"has no column {missing[0]}" if missing else f"has an unknown column {unknown[0]!r}" if unknown else ""
        hint = f"Columns: {', '.join(_NEEDED)}, quantity, item, and one of {', '.join(_WHOSE)}."
        raise InvalidInput(path, why or f"says not whose the events are ({', '.join(_WHOSE)})", hint=hint)
    at = {name: header.index(name) for name in header}
    event, metric, when = at["id"], at["metric"], at["at"]
    quantity, item = at.get("quantity"), at.get("item")
    width, handed_back = len(header), MENDED in header
    only = (named[0] + ":", at[named[0]]) if len(named) == 1 else None
    for row in rows:
        if len(row) != width:
            if row:
                has = len(row)
                yield (
                    rows.line_num,
                    counted(has, f"it has {has} field, the header {width}", f"it has {has} fields, the header {width}"),
                )
            continue
        if "\0" in "".join(row):  # no database keeps it, and one such event would cost all of its batch
            yield rows.line_num, _ODD
            continue
        if handed_back:
            row = [unguarded(field) for field in row]
        whose = only[0] + row[only[1]] if only else _first(row, at, named)
        yield rows.line_num, UsageReading(
            row[event], whose, row[metric], row[quantity] if quantity is not None else 1, row[when],
            row[item] if item is not None else "",
        )  # fmt: skip


def _first(row: Sequence[str], at: Mapping[str, int], named: Sequence[str]) -> str:
    return next((f"{name}:{row[at[name]]}" for name in named if row[at[name]]), "")


def _ndjson(_path: str, stream: TextIO) -> Iterator[Read]:
    for number, line in enumerate(stream, 1):
        if not line.strip():
            continue
        try:
            # numbers stay texts: a float would have lost what was meant
            told = json.loads(line, parse_float=str, parse_constant=str)
        except (ValueError, RecursionError) as error:
            yield number, f"it is no JSON object: {error}"
            continue
        try:
            yield number, event_of(told)
        except ValueError as error:
            yield number, str(error)


def event_of(told: Any) -> UsageReading:
    """An event from its object, in which no number is a float. Raises ValueError with what is wrong."""
    if why := _fault(told):
        raise ValueError(why)
    whose = next((f"{name}:{told[name]}" for name in _WHOSE if told.get(name) not in _NOTHING), "")
    return UsageReading(
        str(told["id"]), whose, str(told["metric"]), told.get("quantity", 1), str(told["at"]),
        str(told.get("item") or ""), told.get("properties"),
    )  # fmt: skip


def _fault(told: Any) -> str:
    if not isinstance(told, dict):
        return "it is no JSON object"
    missing = [name for name in _NEEDED if told.get(name) in _NOTHING]
    unknown = sorted(told.keys() - set(KNOWN))
    if missing or unknown:
        return f"it has no {missing[0]}" if missing else f"it has an unknown field {unknown[0]!r}"
    texts = [told[name] for name in (*_NEEDED, *_WHOSE, "item") if told.get(name) not in _NOTHING]
    if not all(isinstance(one, str | int) and str(one).isprintable() for one in texts):
        return _ODD
    properties = told.get("properties")
    return "" if properties is None or isinstance(properties, dict) else "its properties are no object"


_READERS = {".csv": _csv, ".ndjson": _ndjson, ".jsonl": _ndjson}
ENDINGS = tuple(_READERS)


def to_mend(line: int, raw: Mapping[str, Any] | None, why: str) -> list[object]:
    """A row of what was refused, with COLUMNS, and MENDED: it can be read again."""
    told = raw or {}
    kind, _, name = str(told.get("whose", "")).partition(":")
    named = {kind: name} if kind in _WHOSE else {}
    event = {name: told.get(name, "") for name in KNOWN} | named
    return [*(event[name] for name in COLUMNS), f"{line}: {why}"]
