"""A file with words: a row for each text of the seller, and a column for each language."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from billhead.actions.content._customers_read import texts_of
from billhead.actions.content._own_words import all_words
from billhead.csv_lines import unguarded
from billhead.csv_rows import csv_rows
from billhead.wording import LANGUAGES

__all__ = ["COLUMNS", "file_rows", "word_rows"]

COLUMNS = ("text", "where", *LANGUAGES)
"""Of the file; `where` says only where a text stands, and is not read."""


def file_rows(session: Session, seller_id: int) -> Iterator[list[str]]:
    words = all_words(session, seller_id)
    for one in texts_of(session, seller_id):
        yield [one.text, one.where, *(words.get(code, {}).get(one.text, "") for code in LANGUAGES)]


def word_rows(data: bytes) -> list[dict[str, str]]:
    """Rows as `import_words` takes them. Raises InvalidInput("file", …): empty, too large, not UTF-8, or with other
    columns than such a file has."""
    rows = csv_rows(data, COLUMNS, ("text",))
    return [{name: _read(cell, name) for name, cell in row.items() if name != "where"} for row in rows]


def _read(cell: str, name: str) -> str:
    """Spreadsheets end lines within a cell as Windows does. The seller's own text is taken as it stands."""
    told = unguarded(cell).replace("\r\n", "\n")
    return told if name == "text" else told.strip()
