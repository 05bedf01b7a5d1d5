"""Import a catalogue and a file of subscribers: batch by batch, and a batch that clashes row by row."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from billhead.actions.importing.catalog_file import Catalog
from billhead.actions.importing.import_catalog import import_catalog
from billhead.actions.importing.import_subscribers import ImportedSubscribers, import_subscribers
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

    def count(self, done: ImportedSubscribers) -> None:
        self.added += done.added
        self.known += done.known

    @property
    def refused_rows(self) -> int:
        return len({refusal.line for refusal in self.refusals})

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "refused_rows": self.refused_rows}


class _Undo(Exception):
    pass


Write = Callable[[Sequence[GoodRow]], ImportedSubscribers]


def import_files(catalog: Catalog, file: Path, *, dry_run: bool, cards: str = "") -> Imported:
    """Each batch is a transaction; a dry run is a single one that is undone."""
    imported = Imported(dry_run)
    with file.open("rb") as stream, closing(read_rows(stream, catalog)) as rows:
        if dry_run:
            with suppress(_Undo), writing(_CTX) as tx:
                _import(rows, imported, _in_savepoints(tx, _catalog(tx, catalog, imported), cards))
                raise _Undo
        else:
            with writing(_CTX) as tx:
                seller_id = _catalog(tx, catalog, imported)
            _import(rows, imported, _in_transactions(seller_id, cards))
    imported.refusals.sort(key=lambda refusal: refusal.line)
    return imported


def _catalog(tx: Tx, catalog: Catalog, imported: Imported) -> int:
    written = import_catalog(tx, catalog)
    imported.plans, imported.prices, imported.panels = written.plans, written.prices, written.panels
    return written.seller_id


def _in_transactions(seller_id: int, cards: str) -> Write:
    def write(rows: Sequence[GoodRow]) -> ImportedSubscribers:
        with writing(_CTX) as tx:
            return import_subscribers(tx, seller_id, rows, cards=cards)

    return write


def _in_savepoints(tx: Tx, seller_id: int, cards: str) -> Write:
    def write(rows: Sequence[GoodRow]) -> ImportedSubscribers:
        try:
            with tx.session.begin_nested():
                return import_subscribers(tx, seller_id, rows, cards=cards)
        except InvalidInput:
            tx.session.info.clear()  # what was remembered there may be of rows that are gone
            raise

    return write


def _import(rows: Iterator[GoodRow | Refusal], imported: Imported, write: Write) -> None:
    while batch := list(islice(rows, _BATCH)):
        imported.refusals += [row for row in batch if isinstance(row, Refusal)]
        good = [row for row in batch if isinstance(row, GoodRow)]
        try:
            imported.count(write(good))
        except InvalidInput:
            for row in good:
                _import_alone(row, imported, write)


def _import_alone(row: GoodRow, imported: Imported, write: Write) -> None:
    """Of a batch that was undone, only the rows that clash with the database are refused."""
    try:
        imported.count(write([row]))
    except InvalidInput as clash:
        why = clash.why.removeprefix(f"line {row.line}: ")
        imported.refusals.append(Refusal(row.line, clash.field or "", "", clash.code, why, clash.hint or ""))
