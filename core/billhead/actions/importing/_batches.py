"""Takes rows read from a file in batches; one that clashes with the database is halved until the row is found."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby, islice

from sqlalchemy.exc import IntegrityError

from billhead.actions.importing.import_subscribers import ImportedSubscribers, import_subscribers
from billhead.actions.importing.subscriber_rows import GoodRow, Refusal
from billhead.db import Tx
from billhead.domain.errors import BillheadError, Conflict, InvalidInput

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
    _take(tx, seller_id, good, cards, taken)
    return taken


def _take(tx: Tx, seller_id: int, rows: Sequence[GoodRow], cards: str, taken: Taken) -> None:
    if not rows:
        return
    try:
        taken.count(_write(tx, seller_id, rows, cards))
    except BillheadError as clash:
        if len(rows) == 1:
            taken.refusals.append(_refused(rows[0], clash))
            return
        half = len(rows) // 2
        _take(tx, seller_id, rows[:half], cards, taken)
        _take(tx, seller_id, rows[half:], cards, taken)


def _write(tx: Tx, seller_id: int, rows: Sequence[GoodRow], cards: str) -> ImportedSubscribers:
    """Raises what import_subscribers does, and Conflict where the database knows of something that was not looked for,
    or came while this was being written. Of other refusals of the database IntegrityError."""
    info = tx.session.info
    try:
        with tx.session.begin_nested():
            return import_subscribers(tx, seller_id, rows, cards=cards)
    except (BillheadError, IntegrityError) as error:
        # what was remembered there may be of rows that are gone; who is to be woken was asked for by others too
        waiting = info.get(_FOR_THE_COMMIT)
        info.clear()
        if waiting:
            info[_FOR_THE_COMMIT] = waiting
        if isinstance(error, IntegrityError) and _is_taken(error):
            raise Conflict(
                "its reference, login or address was taken just now, or belongs to somebody else here",
                hint="look for them here; if there is nobody, send the row again",
            ) from error
        raise


def _is_taken(error: IntegrityError) -> bool:
    """Something that there is once only. What else the database refuses is a fault of ours, and no row's."""
    if isinstance(error.orig, sqlite3.IntegrityError):
        return error.orig.sqlite_errorname in ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY")
    return getattr(error.orig, "sqlstate", "") == "23505"


def _refused(row: GoodRow, clash: BillheadError) -> Refusal:
    why = (clash.why if isinstance(clash, InvalidInput) else clash.message).removeprefix(f"line {row.line}: ")
    return Refusal(row.line, clash.field or "", "", clash.code, why, clash.hint or "")
