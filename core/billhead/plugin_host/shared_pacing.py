"""Turns to call a panel, shared by all processes: where the last one ends stands in the database.

A turn is reserved by one statement in a transaction of its own, and is over by itself: nobody gives it back, so a
process that is killed leaves nothing behind. On PostgreSQL the time is the database's, so machines need not agree.
"""

from collections.abc import Callable

from sqlalchemy import BigInteger, ColumnElement, Engine, and_, case, cast, extract, func, literal
from sqlalchemy.dialects import postgresql, sqlite

from billhead import clock
from billhead.db import short_write
from billhead.models.panels import PanelPace
from billhead.plugin.pacing import Turn

__all__ = ["turns_of"]

_SECOND = 1_000_000  # instants are whole microseconds since 1970
_LONGEST_QUEUE = 600 * _SECOND
"""An end further ahead was written by a clock that was wrong: it is not waited for."""


def turns_of(engine: Engine, panel_id: int, per_second: int) -> Callable[[int], Turn]:
    """What reserves turns for one panel, from any thread that has no transaction open."""

    def reserve(calls: int) -> Turn:
        took = calls * _SECOND // per_second
        with short_write(engine) as connection:
            now = _now(engine)
            insert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert
            new = insert(PanelPace).values(panel_id=panel_id, ends_at=now + took)
            ends = PanelPace.ends_at
            is_ahead = and_(ends > now, ends < now + _LONGEST_QUEUE)
            taken = new.on_conflict_do_update(
                index_elements=[PanelPace.panel_id], set_={"ends_at": case((is_ahead, ends), else_=now) + took}
            )
            until, at = connection.execute(taken.returning(ends, now)).one()
        return Turn(max(until - took - at, 0) / _SECOND, calls)

    return reserve


def _now(engine: Engine) -> ColumnElement[int]:
    if engine.dialect.name == "postgresql":
        return cast(extract("epoch", func.clock_timestamp()) * _SECOND, BigInteger)
    at = clock.now()  # asked when the write lock is held
    return literal(int(at.timestamp()) * _SECOND + at.microsecond)
