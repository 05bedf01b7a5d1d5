"""Import a catalogue and a file of subscribers."""

from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from billhead.actions.importing._batches import batches, take_batch
from billhead.actions.importing.catalog_file import Catalog
from billhead.actions.importing.import_catalog import import_catalog
from billhead.actions.importing.subscriber_rows import Refusal, read_rows
from billhead.db import Tx, writing
from billhead.domain.context import Context

__all__ = ["Imported", "import_files"]

_CTX = Context.system("cli:import")


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


def import_files(catalog: Catalog, file: Path, *, dry_run: bool, cards: str = "") -> Imported:
    """Each batch is a transaction; a dry run is a single one that is undone."""
    imported = Imported(dry_run)
    with file.open("rb") as stream, closing(read_rows(stream, catalog.assortment)) as rows:
        if dry_run:
            with suppress(_Undo), writing(_CTX) as tx:
                seller_id = _catalog(tx, catalog, imported)
                for batch in batches(rows):
                    _count(imported, tx, seller_id, batch, cards)
                raise _Undo
        else:
            with writing(_CTX) as tx:
                seller_id = _catalog(tx, catalog, imported)
            for batch in batches(rows):
                with writing(_CTX) as tx:
                    _count(imported, tx, seller_id, batch, cards)
    imported.refusals.sort(key=lambda refusal: refusal.line)
    return imported


def _catalog(tx: Tx, catalog: Catalog, imported: Imported) -> int:
    written = import_catalog(tx, catalog)
    imported.plans, imported.prices, imported.panels = written.plans, written.prices, written.panels
    return written.seller_id


def _count(imported: Imported, tx: Tx, seller_id: int, batch: list[Any], cards: str) -> None:
    taken = take_batch(tx, seller_id, batch, cards=cards)
    imported.added += taken.added
    imported.known += taken.known
    imported.refusals += taken.refusals
