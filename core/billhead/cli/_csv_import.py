"""Import a catalogue and a file of subscribers: batch by batch, and a batch that clashes row by row."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from billhead.actions.importing.catalog_file import Catalog
from billhead.actions.importing.import_catalog import import_catalog
from billhead.actions.importing.import_subscribers import import_subscribers
from billhead.actions.importing.subscriber_rows import GoodRow, Refusal, read_rows
from billhead.db import Tx, writing
from billhead.domain.context import Context
from billhead.domain.errors import InvalidInput

__all__ = ["Imported", "import_files"]

_CTX = Context.system("cli:import")
_BATCH = 200


@dataclass(slots=True)
class Imported:
    """What came of it. `known` rows were there before and are left as they are."""

    dry_run: bool
    plans: int = 0
    prices: int = 0
    panels: int = 0
    added: int = 0
    known: int = 0
    refusals: list[Refusal] = field(default_factory=list)

    @property
    def refused_rows(self) -> int:
        return len({refusal.line for refusal in self.refusals})

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "refused_rows": self.refused_rows}


class _Undo(Exception):
    pass


def import_files(catalog: Catalog, file: Path, *, dry_run: bool) -> Imported:
    """Each batch is a transaction; a dry run is one that is undone at its end."""
    imported = Imported(dry_run)
    with file.open("rb") as stream, _one_transaction_or_many(dry_run) as transaction:
        with transaction() as tx:
            written = import_catalog(tx, catalog)
        imported.plans, imported.prices, imported.panels = written.plans, written.prices, written.panels
        rows = read_rows(stream, catalog)
        while batch := list(islice(rows, _BATCH)):
            imported.refusals += [row for row in batch if isinstance(row, Refusal)]
            with transaction() as tx:
                _write(tx, written.seller_id, [row for row in batch if isinstance(row, GoodRow)], imported)
    imported.refusals.sort(key=lambda refusal: refusal.line)
    return imported


@contextmanager
def _one_transaction_or_many(dry_run: bool) -> Iterator[Any]:
    if not dry_run:
        yield lambda: writing(_CTX)
        return
    try:
        with writing(_CTX) as tx:

            @contextmanager
            def this_one() -> Iterator[Tx]:
                yield tx

            yield this_one
            raise _Undo
    except _Undo:
        pass


def _write(tx: Tx, seller_id: int, rows: Sequence[GoodRow], imported: Imported) -> None:
    """In halves when a row clashes with the database, until it stands alone."""
    if not rows:
        return
    try:
        with tx.session.begin_nested():
            done = import_subscribers(tx, seller_id, rows)
    except InvalidInput as clash:
        if len(rows) == 1:
            reason = clash.why.removeprefix(f"line {rows[0].line}: ")
            column = clash.field or ""
            imported.refusals.append(Refusal(rows[0].line, column, "", clash.code, reason, clash.hint or ""))
            return
        middle = len(rows) // 2
        _write(tx, seller_id, rows[:middle], imported)
        _write(tx, seller_id, rows[middle:], imported)
        return
    imported.added += done.added
    imported.known += done.known
