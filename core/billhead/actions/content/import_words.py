"""Words for a seller's names and descriptions from rows of a file. Good ones are taken, each other is refused with its
reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from billhead.actions.content._own_words import Words
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotFound
from billhead.wording import LANGUAGES

__all__ = ["MOST_ROWS", "WordsImported", "import_words"]

MOST_ROWS = 5000


@dataclass(frozen=True, slots=True)
class WordsImported:
    """`taken`: words that are new or say something else now. `refused`: [{"row": 3, "column": "de", "why": …}]; rows
    count from 1, without the heading."""

    taken: int
    refused: list[dict[str, Any]]


@verb("content.import_words", permission="content.write")
def import_words(tx: Tx, seller_id: int, rows: Sequence[Mapping[str, str]], *, dry_run: bool = False) -> WordsImported:
    """`text` of a row is the seller's wording, each other column a language; an empty cell leaves things as they are.

    Raises NotFound (seller, language) and InvalidInput (more rows than one file may have).
    """
    if len(rows) > MOST_ROWS:
        raise InvalidInput("file", f"it has {len(rows)} rows; up to {MOST_ROWS} are taken at once")
    if unknown := next((code for row in rows for code in row if code not in ("text", *LANGUAGES)), ""):
        raise NotFound("language", unknown)
    kept = Words(tx.session, seller_id)
    good: list[tuple[str, str, str]] = []
    refused: list[dict[str, Any]] = []
    for number, row in enumerate(rows, start=1):
        for language, said in row.items():
            if language == "text" or not said:
                continue
            try:
                kept.check(language, row["text"], said)
                good.append((language, row["text"], said))
            except InvalidInput as error:
                column = "text" if error.field == "text" else language
                refused.append({"row": number, "column": column, "why": error.why})
                if column == "text":
                    break
    changed = sum(kept.would(*one) if dry_run else kept.put(*one) for one in good)
    note(
        tx, f"seller:{seller_id}", dry_run=dry_run, refused=len(refused), **({"changed": 0} if dry_run else kept.done())
    )
    return WordsImported(changed, refused)
