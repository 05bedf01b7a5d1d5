"""Read from a panel what was watched since the last time, once each: [cursor - overlap, now), in bounded windows.
The overlap is a few hours; once a day it is two days, for what a panel came to know late.

The cursor moves when a window is whole. Whoever dies in a window begins it again, and what was kept is kept once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import select

from billhead import clock
from billhead.actions.provisioning._desired import PanelView, panel_view
from billhead.actions.verb import audit
from billhead.actions.viewings._storing import Stored, store
from billhead.actions.viewings.match_viewings import match_viewings
from billhead.crash import crash_point
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import BillheadError, PanelError
from billhead.models.panels import Panel
from billhead.models.viewings import ViewingCursor
from billhead.plugin import Viewing

__all__ = ["ReadReport", "read_viewings"]

_FIRST = timedelta(days=1)
_OVERLAP = timedelta(hours=3)  # panels import sessions late
_ONCE_A_DAY = timedelta(days=2)  # a server of theirs that was cut off for a night tells afterwards
_WINDOW = timedelta(hours=6)
_BATCH = 2000


@dataclass(frozen=True, slots=True)
class ReadReport:
    """`behind`: windows are left; ask again. `matched`: earlier ones that have found their line."""

    panel_id: int
    read_to: str
    new: int = 0
    unknown: int = 0
    odd: int = 0
    matched: int = 0
    behind: bool = False


def read_viewings(ctx: Context, panel_id: int, *, windows: int = 8) -> ReadReport | None:
    """At most so many windows of six hours. None: this panel does not tell, or is under maintenance.

    Raises what the module raises (PanelUnreachable …): what was kept stays, the cursor stands at the last whole window.
    """
    opened = _opened(panel_id)
    if opened is None:
        return None
    view, start = opened
    new = unknown = odd = 0
    now = clock.business_now()
    first = start is None
    at = now - _FIRST if start is None else min(start, now)
    for _ in range(windows):
        if at >= now:
            break
        until = min(at + _WINDOW, now)
        try:
            for stored in _window(ctx, view, at if first else at - _overlap(at, until), until):
                new, unknown, odd = new + stored.new, unknown + stored.unknown, odd + stored.odd
        except PanelError as error:
            _move(ctx, panel_id, at, str(error))
            raise
        crash_point("viewings.window_read")
        _move(ctx, panel_id, until, "")
        at, first = until, False
    matched = match_viewings(ctx, panel_id)
    return ReadReport(panel_id, at.isoformat(), new, unknown, odd, matched, at < now)


def _overlap(at: datetime, until: datetime) -> timedelta:
    """How far before `at` a window begins again: further in the one of each day that goes over midnight."""
    return _OVERLAP if at.date() == until.date() else _ONCE_A_DAY


def _opened(panel_id: int) -> tuple[PanelView, datetime | None] | None:
    with reading() as session:
        panel = session.get_one(Panel, panel_id)
        cursor = session.get(ViewingCursor, panel_id)
        if panel.maintenance:
            return None
        try:
            view = panel_view(session, panel, bouquets=False)
        except BillheadError:
            return None  # its plugin is off or its settings don't fit: converge says so where staff look
    return (view, cursor.read_to if cursor is not None else None) if view.capabilities.viewings else None


def _window(ctx: Context, view: PanelView, since: datetime, until: datetime) -> Iterator[Stored]:
    """The panel is read with no session open; each batch is a transaction of its own."""
    told: Iterator[Viewing] = iter(view.module.viewings(view.connection, since, until))
    while batch := list(islice(told, _BATCH)):
        with writing(ctx) as tx:
            stored = store(tx, view.id, batch)
        yield stored


def _move(ctx: Context, panel_id: int, to: datetime, error: str) -> None:
    """Forward only: a slower reader of the same panel undoes nothing."""
    with writing(ctx) as tx:
        query = select(ViewingCursor).where(ViewingCursor.panel_id == panel_id).with_for_update()
        cursor = tx.session.scalar(query)
        if cursor is None:
            cursor = ViewingCursor(panel_id=panel_id, read_to=to, looked_at=clock.now(), error="")
            tx.session.add(cursor)
        if error and not cursor.error:
            audit(tx, "viewings.stuck", f"panel:{panel_id}", {"error": error[:300]})
        cursor.read_to = max(cursor.read_to, to)
        cursor.looked_at, cursor.error = clock.now(), error[:500]
