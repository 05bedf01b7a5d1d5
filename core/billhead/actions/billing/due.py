"""Which subscriptions are due, in keyset chunks, each with all that rating needs."""

from datetime import date
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.billing._rated import Chunk
from billhead.actions.billing._reading import ITEM, AsOf, DueScope, chunk_of, in_company, is_due
from billhead.models.subscriptions import Subscription

__all__ = ["due_chunk"]


def due_chunk(
    session: Session, catalogue: Catalogue, as_of: AsOf, scope: DueScope, after: tuple[date, int] | None, size: int
) -> Chunk | None:
    """The next chunk in the order of due date and id, or None at the end.

    What has been billed is no longer due, so a run that is started again finds only what is left.
    """
    columns: tuple[Any, ...] = ITEM
    query = select(*columns).where(*is_due(as_of), *scope.conditions())
    query = query.order_by(Subscription.next_bill_on, Subscription.id)
    if after is None:
        rows: list[Row[Any]] = list(session.connection().execute(query.limit(size)))
    else:
        rows = _next_rows(session, query, after, size)
    if not rows:
        return None
    chunk = chunk_of(session, catalogue, as_of, rows)._replace(last=(rows[-1].next_bill_on, rows[-1].id))
    return in_company(session, catalogue, as_of, scope, chunk, after)


def _next_rows(session: Session, query: Select[Any], after: tuple[date, int], size: int) -> list[Row[Any]]:
    """The rest of that day, then later days.

    For `(day, id) > (…)` SQLite's index would use the day alone, and a dry run, whose rows stay due, would walk over
    all of that day's again for each chunk.
    """
    day, last = after
    same_day = query.where(Subscription.next_bill_on == day, Subscription.id > last)
    rows = list(session.connection().execute(same_day.limit(size)))
    if len(rows) < size:
        later = query.where(Subscription.next_bill_on > day)
        rows += session.connection().execute(later.limit(size - len(rows)))
    return rows
