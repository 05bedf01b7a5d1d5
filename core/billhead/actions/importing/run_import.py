"""Go through a file that was sent, batch by batch: write what can be written, keep what is refused and how far it is.

Batch and progress are one transaction, so that a process that follows a dead one neither leaves a row out nor counts
one twice. Of a dry run each batch is undone and then its figures are kept: rows of two batches that are after the same
login are told by the reading of the file.
"""

import io
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass

from billhead import clock
from billhead.actions.importing._assortment import assortment_of
from billhead.actions.importing._batches import Taken, batches, take_batch
from billhead.actions.importing._catalog import Assortment
from billhead.actions.importing._sent_file import data_of
from billhead.actions.importing.subscriber_rows import GoodRow, Refusal, read_rows
from billhead.actions.long_work import GOES_ON, told_by
from billhead.crash import crash_point
from billhead.db import Tx, writing
from billhead.domain.context import Context
from billhead.models.imports import ImportRefusal, SubscriberImport
from billhead.models.sellers import Seller

__all__ = ["run_import"]


@dataclass(frozen=True, slots=True)
class _Run:
    import_id: int
    seller_id: int
    dry_run: bool
    cards: str
    names: dict[str, str]
    data: bytes
    through: int
    sold: Assortment


class _Undo(Exception):
    pass


def run_import(ctx: Context, import_id: int) -> None:
    """Do an import that was asked for. What is wrong with the file is told in its row, never raised."""
    with told_by(lambda why: _end(ctx, import_id, "failed", why), "import", import_id):
        run = _begin(ctx, import_id)
        if run is not None and _go_through(ctx, run):
            _end(ctx, import_id, "done")


def _begin(ctx: Context, import_id: int) -> _Run | None:
    with writing(ctx) as tx:
        row = tx.session.get(SubscriberImport, import_id, with_for_update=True)
        if row is None or row.state not in GOES_ON:
            return None
        row.state = "running"
        sold = assortment_of(tx.session, tx.session.get_one(Seller, row.seller_id))
        return _Run(row.id, row.seller_id, row.dry_run, row.cards, dict(row.columns), data_of(row), row.through, sold)


def _go_through(ctx: Context, run: _Run) -> bool:
    """False: it was called off."""
    with closing(read_rows(io.BytesIO(run.data), run.sold, run.names)) as rows:
        for batch in batches(row for row in rows if row.line > run.through):
            if not _take(ctx, run, batch):
                return False
            crash_point("importing.batch")
    return True


def _take(ctx: Context, run: _Run, batch: Sequence[GoodRow | Refusal]) -> bool:
    if not run.dry_run:
        with writing(ctx) as tx:
            row = _still_running(tx, run)
            if row is not None:
                _keep(tx, row, batch, take_batch(tx, run.seller_id, batch, cards=run.cards))
            return row is not None
    taken = Taken()
    with suppress(_Undo), writing(ctx) as tx:
        taken = take_batch(tx, run.seller_id, batch, cards=run.cards)
        raise _Undo
    with writing(ctx) as tx:
        row = _still_running(tx, run)
        if row is not None:
            _keep(tx, row, batch, taken)
        return row is not None


def _still_running(tx: Tx, run: _Run) -> SubscriberImport | None:
    row = tx.session.get(SubscriberImport, run.import_id, with_for_update=True)
    return row if row is not None and row.state == "running" else None


def _keep(tx: Tx, row: SubscriberImport, batch: Sequence[GoodRow | Refusal], taken: Taken) -> None:
    row.through = batch[-1].line
    row.added += taken.added
    row.known += taken.known
    row.refused += len({refusal.line for refusal in taken.refusals})
    tx.session.add_all(ImportRefusal(import_id=row.id, **asdict(refusal)) for refusal in taken.refusals)


def _end(ctx: Context, import_id: int, state: str, error: str = "") -> None:
    with writing(ctx) as tx:
        row = tx.session.get(SubscriberImport, import_id, with_for_update=True)
        if row is None or row.state not in GOES_ON:
            return
        row.state, row.error, row.finished_at = state, error[:1000], clock.now()
        if state == "done" and not row.dry_run and not row.refused:
            row.sealed = None  # nothing is left to be mended: the passwords in it need not lie here
