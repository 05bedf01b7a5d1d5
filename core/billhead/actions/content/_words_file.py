"""A file with words: a row for each text of the seller, and a column for each language."""

import csv
import io
from collections.abc import Iterator

from sqlalchemy.orm import Session

from billhead.actions.content._customers_read import texts_of
from billhead.actions.content._own_words import all_words
from billhead.csv_lines import unguarded
from billhead.domain.errors import InvalidInput
from billhead.wording import LANGUAGES

__all__ = ["COLUMNS", "file_rows", "word_rows"]

COLUMNS = ("text", "where", *LANGUAGES)
"""Of the file; `where` says only where a text stands, and is not read."""

_LARGEST = 4_000_000


def file_rows(session: Session, seller_id: int) -> Iterator[list[str]]:
    words = all_words(session, seller_id)
    for one in texts_of(session, seller_id):
        yield [one.text, one.where, *(words.get(code, {}).get(one.text, "") for code in LANGUAGES)]


def word_rows(data: bytes) -> list[dict[str, str]]:
    """Rows as `import_words` takes them. Raises InvalidInput("file", …): empty, too large, not UTF-8, or with other
    columns than such a file has."""
    if not data.strip():
        raise InvalidInput("file", "is empty, or was not chosen")
    if len(data) > _LARGEST:
        raise InvalidInput("file", f"is larger than {_LARGEST // 1_000_000} MB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput("file", "is not text in UTF-8") from error
    head = text.partition("\n")[0]
    reader = csv.DictReader(
        io.StringIO(text, newline=""), delimiter=";" if head.count(";") > head.count(",") else ",", strict=True
    )
    try:
        names = [(name or "").strip().lower() for name in reader.fieldnames or ()]
        unknown = sorted(set(names) - set(COLUMNS))
        if unknown or "text" not in names or len(set(names)) < len(names):
            wrong = ", ".join(unknown) or "text, each once"
            raise InvalidInput("file", f"columns are {', '.join(COLUMNS)}; look at {wrong}")
        reader.fieldnames = names
        kept = [name for name in names if name != "where"]
        return [{name: _read(row.get(name) or "", name) for name in kept} for row in reader]
    except csv.Error as error:
        raise InvalidInput("file", f"is no CSV: {error}") from error


def _read(cell: str, name: str) -> str:
    """Spreadsheets end lines within a cell as Windows does. The seller's own text is taken as it stands."""
    told = unguarded(cell).replace("\r\n", "\n")
    return told if name == "text" else told.strip()
