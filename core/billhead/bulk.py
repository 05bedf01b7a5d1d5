"""Many rows at once: asked for by their ids, counted, changed; and written past the ORM on the session's own driver
connection.

SQLite: executemany. PostgreSQL: COPY for inserts, one UPDATE … FROM unnest(…) for updates. Dates and instants are given
as text, which both take, so that a date that thousands of rows share is written out once.
"""

import gc
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, UpdateBase, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

__all__ = ["Bulk", "Row", "among", "collector_at_rest", "how_many", "rows_changed"]

Row = tuple[Any, ...]

_ROWS = 100  # with 30 columns 3,000 values, of the 32,766 that SQLite takes


def among(column: Any, values: Iterable[int] | Iterable[str], session: Session) -> ColumnElement[bool]:
    """`column IN (values)` for thousands of values of the column's type: one parameter and one plan, however many."""
    if session.get_bind().dialect.name == "sqlite":
        listed = func.json_each(bindparam(None, json.dumps(list(values)))).table_valued("value")
        return column.in_(select(listed.c.value))
    return column == func.any(bindparam(None, list(values), type_=ARRAY(column.type)))


def how_many(session: Session, *conditions: ColumnElement[bool]) -> int:
    """Rows of the table that the conditions are about."""
    return session.scalar(select(func.count()).where(*conditions)) or 0


def rows_changed(session: Session, change: UpdateBase) -> int:
    """Execute an UPDATE or DELETE; returns how many rows it found."""
    result = session.execute(change)
    assert isinstance(result, CursorResult), "no rows are asked back"
    return result.rowcount


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """For what makes a hundred thousand tuples without a single cycle: looking for some costs a quarter of its time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class Bulk:
    """Bulk writes in one transaction. Table and column names are code, never input."""

    def __init__(self, session: Session) -> None:
        session.flush()
        connection = session.connection()
        self._sqlite = connection.dialect.name == "sqlite"
        self._dialect = connection.dialect
        self._driver: Any = connection.connection.driver_connection

    def instant(self, at: datetime) -> str:
        """An instant as this database keeps it."""
        at = at.astimezone(UTC)
        return at.replace(tzinfo=None).isoformat(" ", "microseconds") if self._sqlite else at.isoformat()

    @contextmanager
    def _errors(self, statement: str) -> Iterator[None]:
        """The driver's errors as SQLAlchemy's, so that callers catch one kind."""
        driver_error = self._dialect.loaded_dbapi.Error
        try:
            yield
        except driver_error as error:
            raise DBAPIError.instance(statement, None, error, driver_error, dialect=self._dialect) from error

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        if not rows:
            return
        names = ", ".join(columns)
        if self._sqlite:
            head = f"INSERT INTO {table} ({names}) VALUES "  # noqa: S608
            self._insert_many(head, f"({', '.join('?' * len(columns))})", "", rows)
            return
        statement = f"COPY {table} ({names}) FROM STDIN"
        with self._errors(statement), self._driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)

    def _insert_many(self, head: str, marks: str, tail: str, rows: Sequence[Row]) -> int:
        """Several rows a statement: to begin and end one costs as much as to write a row. How many were written."""
        whole = len(rows) // _ROWS * _ROWS
        many = head + ", ".join([marks] * _ROWS) + tail
        with self._errors(head):
            groups = (tuple(chain.from_iterable(rows[at : at + _ROWS])) for at in range(0, whole, _ROWS))
            written = self._driver.executemany(many, groups).rowcount if whole else 0
            rest = self._driver.executemany(head + marks + tail, rows[whole:]).rowcount if len(rows) > whole else 0
            return int(written + rest)

    def insert_new(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> int:
        """Insert the rows whose key is not there yet; returns how many. The others are left as they are."""
        if not rows:
            return 0
        names = ", ".join(columns)
        if self._sqlite:
            head = f"INSERT INTO {table} ({names}) VALUES "  # noqa: S608
            return self._insert_many(head, f"({', '.join('?' * len(columns))})", " ON CONFLICT DO NOTHING", rows)
        stage = f"new_{table}"
        with self._errors(stage), self._driver.cursor() as cursor:
            cursor.execute(f"CREATE TEMP TABLE IF NOT EXISTS {stage} (LIKE {table} INCLUDING DEFAULTS) ON COMMIT DROP")
            cursor.execute(f"TRUNCATE {stage}")
        self.insert(stage, columns, rows)
        statement = f"INSERT INTO {table} ({names}) SELECT {names} FROM {stage} ON CONFLICT DO NOTHING"  # noqa: S608
        with self._errors(statement), self._driver.cursor() as cursor:
            cursor.execute(statement)
            return int(cursor.rowcount)

    def update(
        self, table: str, columns: Mapping[str, str], rows: Sequence[Row], also: str = "", *, key: str = "id"
    ) -> None:
        """Set `columns` (name → PostgreSQL type) of the rows; each row is its values and then its id, or other `key`.

        `also` is more to set, as SQL over the old row: `also="version = version + 1"`.
        """
        if not rows:
            return
        more = f", {also}" if also else ""
        if self._sqlite:
            marks = ", ".join(f"{name} = ?" for name in columns)
            statement = f"UPDATE {table} SET {marks}{more} WHERE {key} = ?"  # noqa: S608
            with self._errors(statement):
                self._driver.executemany(statement, rows)
            return
        marks = ", ".join(f"{name} = new.{name}" for name in columns)
        arrays = ", ".join([*(f"%s::text[]::{kind}[]" for kind in columns.values()), "%s::bigint[]"])
        names = ", ".join([*columns, key])
        statement = (
            f"UPDATE {table} AS old SET {marks}{more} "  # noqa: S608
            f"FROM unnest({arrays}) AS new ({names}) WHERE old.{key} = new.{key}"
        )
        turned = [list(column) for column in zip(*rows, strict=True)]
        values = [[None if value is None else str(value) for value in column] for column in turned[:-1]]
        with self._errors(statement), self._driver.cursor() as cursor:
            cursor.execute(statement, [*values, turned[-1]])

    def move(self, table: str, change: str, key: str, keys: Sequence[int]) -> None:
        """One change, as SQL over the old row, of all rows with these keys: `move("t", "n = n + 1", "id", ids)`."""
        if not keys:
            return
        if self._sqlite:
            statement = f"UPDATE {table} SET {change} WHERE {key} IN (SELECT value FROM json_each(?))"  # noqa: S608
            with self._errors(statement):
                self._driver.execute(statement, (json.dumps(list(keys)),))
            return
        statement = f"UPDATE {table} SET {change} WHERE {key} = ANY(%s)"  # noqa: S608
        with self._errors(statement), self._driver.cursor() as cursor:
            cursor.execute(statement, [list(keys)])

    def check_deferred(self) -> None:
        """Do now what PostgreSQL would do at the commit, so that locks taken from here on are held shorter."""
        if not self._sqlite:
            with self._driver.cursor() as cursor:
                # deferred again afterwards: the transaction may go on to write more entries, postings first
                for statement in ("SET CONSTRAINTS ALL IMMEDIATE", "SET CONSTRAINTS ALL DEFERRED"):
                    with self._errors(statement):
                        cursor.execute(statement)
