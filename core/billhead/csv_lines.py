"""A table as lines of CSV that a spreadsheet opens without running anything in it."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

__all__ = ["csv_lines", "unguarded"]

_RUNS = ("=", "+", "-", "@", "\t", "\r")


def csv_lines(columns: Sequence[str], rows: Iterable[Sequence[Any]], delimiter: str = ",") -> Iterator[str]:
    """The heading, then a line per row; `rows` may be a generator over a whole table."""
    yield _line(columns, delimiter)
    for row in rows:
        yield _line([_harmless(cell) for cell in row], delimiter)


def unguarded(cell: str) -> str:
    """A cell of such a file as it was before: without the quote that keeps a spreadsheet from running it."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_RUNS) else cell


def _line(cells: Sequence[Any], delimiter: str) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter).writerow(cells)
    return buffer.getvalue()


def _harmless(cell: Any) -> Any:
    """Text that a spreadsheet would take for a formula gets a quote in front."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_RUNS) else cell
