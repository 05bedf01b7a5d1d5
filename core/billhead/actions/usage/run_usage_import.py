"""Go through a file of events that was sent, batch by batch: count what can be counted, keep what is refused and how
far it is.

Batch and progress are one transaction, so that a process that follows a dead one neither leaves a line out nor tells of
one twice. Of a dry run each batch is undone and then its figures are kept: an event that stands in two batches is told
as new in both.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

from billhead import clock
from billhead.actions.long_work import GOES_ON, told_by
from billhead.actions.rehearse import rehearse
from billhead.actions.usage._files import Read
from billhead.actions.usage._sent_file import events_of, file_of
from billhead.actions.usage.record_events import LineBook, Recorded, record_events
from billhead.crash import crash_point
from billhead.db import Tx, writing
from billhead.domain.context import Context
from billhead.models.usage import UsageImport, UsageImportRefusal
from billhead.plugin import UsageReading

__all__ = ["run_usage_import"]

_BATCH = 2000


@dataclass(frozen=True, slots=True)
class _Run:
    import_id: int
    source: str
    name: str
    dry_run: bool
    data: bytes
    through: int
    book: LineBook


def run_usage_import(ctx: Context, import_id: int) -> None:
    """Do an import that was asked for. What is wrong with the file is told in its row, never raised."""
    with told_by(lambda why: _end(ctx, import_id, "failed", why), "usage import", import_id):
        run = _begin(ctx, import_id)
        if run is not None and _go_through(ctx, run):
            _end(ctx, import_id, "done")


def _begin(ctx: Context, import_id: int) -> _Run | None:
    with writing(ctx) as tx:
        row = tx.session.get(UsageImport, import_id, with_for_update=True)
        if row is None or row.state not in GOES_ON:
            return None
        row.state = "running"
        return _Run(row.id, row.source, row.name, row.dry_run, file_of(row), row.through, LineBook())


def _go_through(ctx: Context, run: _Run) -> bool:
    """False: it was called off."""
    lines = (one for one in events_of(run.name, run.data) if one[0] > run.through)
    while batch := list(islice(lines, _BATCH)):
        if not _take(ctx, run, batch):
            return False
        crash_point("usage.import_batch")
    return True


def _take(ctx: Context, run: _Run, batch: Sequence[Read]) -> bool:
    readings = [read for _, read in batch if not isinstance(read, str)]
    told: Recorded | None = None
    if run.dry_run:  # its lines are looked up anew each time: what was written for them is gone again
        told = rehearse(ctx, partial(record_events, source=run.source, readings=readings, each=True))
    with writing(ctx) as tx:
        row = tx.session.get(UsageImport, run.import_id, with_for_update=True)
        if row is None or row.state != "running":
            return False
        if told is None:
            told = record_events(tx, run.source, readings, book=run.book, each=True)
        _keep(tx, row, batch, told)
    return True


def _keep(tx: Tx, row: UsageImport, batch: Sequence[Read], told: Recorded) -> None:
    refused = list(_refused(batch, told))
    row.through = batch[-1][0]
    row.accepted += told.accepted
    row.duplicates += told.duplicates
    row.late += told.late
    row.refused += len(refused)
    tx.session.add_all(
        UsageImportRefusal(
            import_id=row.id, line=line, reason=reason, message=message, raw=event._asdict() if event else None
        )
        for line, event, reason, message in refused
    )


def _refused(batch: Sequence[Read], told: Recorded) -> Iterator[tuple[int, UsageReading | None, str, str]]:
    became = iter(told.each)
    for line, read in batch:
        if isinstance(read, str):
            yield line, None, "unreadable", read
            continue
        outcome, reason, message = next(became)
        if outcome == "rejected":
            yield line, read, reason, message


def _end(ctx: Context, import_id: int, state: str, error: str = "") -> None:
    with writing(ctx) as tx:
        row = tx.session.get(UsageImport, import_id, with_for_update=True)
        if row is None or row.state not in GOES_ON:
            return
        row.state, row.error, row.finished_at = state, error[:1000], clock.now()
        if state == "done" and not row.dry_run and not row.refused:
            row.sealed = None  # nothing is left to be mended: who watched what need not lie here twice
