"""A table as a CSV file to download."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from flask import Response, stream_with_context

from billhead.csv_lines import csv_lines

__all__ = ["csv_response"]


def csv_response(name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], delimiter: str = ",") -> Response:
    """Streamed: `rows` may be a generator over a whole table. `name` becomes the file's."""

    def lines() -> Iterator[str]:
        yield "\ufeff"
        yield from csv_lines(columns, rows, delimiter)

    response = Response(stream_with_context(lines()), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response
