"""Takes rows that were read from a file in batches; of a batch that clashes with the database, each row by itself."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby, islice

from billhead.actions.importing.import_subscribers import ImportedSubscribers, import_subscribers
from billhead.actions.importing.subscriber_rows import GoodRow, Refusal
from billhead.db import Tx
from billhead.domain.errors import BillheadError, InvalidInput

__all__ = ["Taken", "batches", "take_batch"]

_BATCH = 200
_FOR_THE_COMMIT = "after_commit"


@dataclass(slots=True)
class Taken:
    """What came of some rows. `known` were there before and are left as they are."""

    added: int = 0
    known: int = 0
    refusals: list[Refusal] = field(default_factory=list)

    def count(self, done: ImportedSubscribers) -> None:
        self.added += done.added
        self.known += done.known


def batches(rows: Iterable[GoodRow | Refusal]) -> Iterator[list[GoodRow | Refusal]]:
    """All that is said of one line stands in one of them."""
    lines = (list(told) for _, told in groupby(rows, lambda row: row.line))
    while batch := list(chain.from_iterable(islice(lines, _BATCH))):
        yield batch


def take_batch(tx: Tx, seller_id: int, batch: Sequence[GoodRow | Refusal], *, cards: str = "") -> Taken:
    """Write what can be written. Raises nothing for a row that clashes: it is among the refusals then."""
    taken = Taken(refusals=[row for row in batch if isinstance(row, Refusal)])
    good = [row for row in batch if isinstance(row, GoodRow)]
    if not good:
        return taken
    try:
        taken.count(_write(tx, seller_id, good, cards))
    except BillheadError:
        for row in good:
            try:
                taken.count(_write(tx, seller_id, [row], cards))
            except BillheadError as clash:
                taken.refusals.append(_refused(row, clash))
    return taken


def _write(tx: Tx, seller_id: int, rows: Sequence[GoodRow], cards: str) -> ImportedSubscribers:
    info = tx.session.info
    try:
        with tx.session.begin_nested():
            return import_subscribers(tx, seller_id, rows, cards=cards)
    except BillheadError:
        # what was remembered there may be of rows that are gone; who is to be woken was asked for by others too
        waiting = info.get(_FOR_THE_COMMIT)
        info.clear()
        if waiting:
            info[_FOR_THE_COMMIT] = waiting
        raise


def _refused(row: GoodRow, clash: BillheadError) -> Refusal:
    why = (clash.why if isinstance(clash, InvalidInput) else clash.message).removeprefix(f"line {row.line}: ")
    return Refusal(row.line, clash.field or "", "", clash.code, why, clash.hint or "")
