"""A file of CSV that somebody has sent, as rows of text."""

import csv
import io
from collections.abc import Sequence

from billhead.domain.errors import InvalidInput

__all__ = ["csv_rows"]

_LARGEST = 4_000_000


def csv_rows(data: bytes, columns: Sequence[str], needed: Sequence[str]) -> list[dict[str, str]]:
    """By row: column → cell, "" where a row ends early; only of columns that the file has.

    Raises InvalidInput("file", …): empty, too large, not UTF-8, or with other columns than these. Headings are taken in
    any case; those `needed` stand in the file once.
    """
    if not data.strip():
        raise InvalidInput("file", "is empty, or was not chosen")
    if len(data) > _LARGEST:
        raise InvalidInput("file", f"is larger than {_LARGEST // 1_000_000} MB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput("file", "is not text in UTF-8") from error
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        names = [(name or "").strip().lower() for name in reader.fieldnames or ()]
        unknown = sorted(set(names) - set(columns))
        if unknown or not set(needed) <= set(names) or len(set(names)) < len(names):
            wrong = ", ".join(unknown) or f"{' and '.join(needed)}, each once"
            raise InvalidInput("file", f"columns are {', '.join(columns)}; look at {wrong}")
        reader.fieldnames = names
        return [{name: row.get(name) or "" for name in names} for row in reader]
    except csv.Error as error:
        raise InvalidInput("file", f"is no CSV: {error}") from error


def _delimiter(text: str) -> str:
    """Spreadsheets of half of Europe write semicolons."""
    head = text.partition("\n")[0]
    return ";" if head.count(";") > head.count(",") else ","
