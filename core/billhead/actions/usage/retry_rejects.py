"""Try again what could not be taken: the metric has been added since, or the subscription imported."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select

from billhead.actions.usage._rejects import AT_ONCE, ChosenRejects
from billhead.actions.usage.record_events import LineBook, record_events
from billhead.actions.verb import verb
from billhead.bulk import among
from billhead.db import Tx
from billhead.models.usage import UsageReject, UsageSource
from billhead.plugin import UsageReading

__all__ = ["Retried", "retry_rejects"]


@dataclass(frozen=True, slots=True)
class Retried:
    """`taken` were counted now (or had been meanwhile); `left` are refused still, for the same or another reason."""

    taken: int
    left: int
    last_id: int


@verb("usage.retry_rejects", permission="usage.write")
def retry_rejects(tx: Tx, chosen: ChosenRejects, *, upto: int, after: int = 0) -> Retried:
    """The next of the rejected events after one id and up to another.

    `last_id` is where to go on (0: at the end). What is refused again gets an id beyond.
    """
    query = select(UsageReject.id, UsageSource.code, UsageReject.raw).join(
        UsageSource, UsageSource.id == UsageReject.source_id
    )
    query = query.where(UsageReject.id > after, UsageReject.id <= upto, *chosen.conditions())
    query = query.order_by(UsageReject.id).limit(AT_ONCE)
    rows = tx.session.execute(query.with_for_update(of=UsageReject)).all()
    by_source: dict[str, list[UsageReading]] = {}
    for _, source, raw in rows:
        by_source.setdefault(source, []).append(_reading(raw))
    tx.session.execute(delete(UsageReject).where(among(UsageReject.id, [row[0] for row in rows], tx.session)))
    book, taken, left = LineBook(), 0, 0
    for source, readings in by_source.items():
        told = record_events(tx, source, readings, book=book)
        taken, left = taken + told.accepted + told.duplicates, left + told.rejected
    return Retried(taken, left, rows[-1][0] if len(rows) == AT_ONCE else 0)


def _reading(raw: dict[str, Any]) -> UsageReading:
    return UsageReading(**raw)
