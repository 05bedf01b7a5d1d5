"""Take in a file of events, batch by batch, each a transaction: killed and begun again, it counts nothing twice."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from billhead.actions.usage._files import events_in, open_events
from billhead.actions.usage._lines import LineBook
from billhead.actions.usage.record_events import record_events
from billhead.crash import crash_point
from billhead.db import writing
from billhead.domain.context import Context
from billhead.plugin import UsageReading

__all__ = ["BATCH", "ImportedEvents", "import_events"]

BATCH = 50_000
_SHOWN = 50


@dataclass(frozen=True, slots=True)
class ImportedEvents:
    """`rejected` events are kept with their reasons; `unreadable` lines are no events at all, the first are shown."""

    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    late: int = 0
    unreadable: int = 0
    shown: list[dict[str, Any]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def import_events(
    ctx: Context, source: str, path: Path, *, progress: Callable[[ImportedEvents], None] | None = None
) -> ImportedEvents:
    """All events of a file (see `events_in`), of the source of that name."""
    done, book = ImportedEvents(), LineBook()
    for readings, unreadable in _batches(path):
        with writing(ctx) as tx:
            told = record_events(tx, source, readings, book=book)
        crash_point("usage.committed")
        room = _SHOWN - len(done.shown)
        done = replace(
            done,
            accepted=done.accepted + told.accepted,
            duplicates=done.duplicates + told.duplicates,
            rejected=done.rejected + told.rejected,
            late=done.late + told.late,
            unreadable=done.unreadable + len(unreadable),
            shown=[*done.shown, *({"line": line, "why": why} for line, why in unreadable[:room])],
        )
        if progress is not None:
            progress(done)
    return done


def _batches(path: Path) -> Iterator[tuple[list[UsageReading], list[tuple[int, str]]]]:
    readings: list[UsageReading] = []
    unreadable: list[tuple[int, str]] = []
    with open_events(path) as stream:
        for line, read in events_in(str(path), stream):
            if isinstance(read, str):
                unreadable.append((line, read))
            else:
                readings.append(read)
            if len(readings) == BATCH:
                yield readings, unreadable
                readings, unreadable = [], []
    if readings or unreadable:
        yield readings, unreadable
