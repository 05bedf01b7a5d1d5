"""Databases that one test after another uses: a test's rows go, the tables stay.

Copying a migrated database and dropping it costs PostgreSQL more than most tests do with it. A database is used again
only if it is proven to be what it was: nobody else is connected any more, and no table, column, trigger, function or
setting of it has changed. Otherwise it is dropped, and so it is after a while, before what was deleted makes it slow.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import psycopg
from psycopg import sql

__all__ = ["UsedAgain"]

_TESTS = 60
_BYTES = 4_000_000
_PATIENCE_S = 0.2

# What there is besides rows. A statement that changes any of it writes a new version of its line in a catalogue.
_CATALOGUES = ("pg_attribute", "pg_trigger", "pg_proc", "pg_constraint", "pg_index", "pg_namespace", "pg_rewrite",
               "pg_extension", "pg_statistic", "pg_event_trigger", "pg_policy", "pg_publication")  # fmt: skip
_SETTINGS = "pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase WHERE d.datname = current_database()"
_SHAPE = " UNION ALL ".join(
    [f"SELECT count(*), coalesce(sum(xmin::text::bigint), 0) FROM {name}" for name in (*_CATALOGUES, "alembic_version")]
    + [f"SELECT count(*), 0 FROM {name}" for name in ("pg_class", _SETTINGS)]
)
_OTHERS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
_TOUCHED = """
    SELECT oid::regclass::text, pg_relation_size(oid) FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'
      AND pg_relation_size(oid) > 0"""
_START_ANEW = """
    SELECT setval(quote_ident(schemaname) || '.' || quote_ident(sequencename), start_value, false)
    FROM pg_sequences WHERE last_value IS NOT NULL"""


@dataclass(slots=True)
class _Kept:
    name: str
    connection: psycopg.Connection
    shape: list[tuple[int, int]]
    used: int = 0


class UsedAgain:
    """`take` a database that is migrated and empty, and `give_back` its name when the test is over."""

    def __init__(self, socket_folder: str, make: Callable[[], str], drop: Callable[[str], None]) -> None:
        self._socket_folder, self._make, self._drop = socket_folder, make, drop
        self._free: list[_Kept] = []
        self._taken: dict[str, _Kept] = {}

    def take(self) -> str:
        kept = self._free.pop() if self._free else self._new()
        kept.used += 1
        self._taken[kept.name] = kept
        return kept.name

    def give_back(self, name: str) -> None:
        kept = self._taken.pop(name)
        try:
            again = kept.used < _TESTS and _emptied(kept)
        except psycopg.Error:
            again = False
        if again:
            self._free.append(kept)
        else:
            self._end(kept)

    def close(self) -> None:
        for kept in [*self._free, *self._taken.values()]:
            self._end(kept)

    def _new(self) -> _Kept:
        name = self._make()
        connection = psycopg.connect(host=self._socket_folder, user="postgres", dbname=name, autocommit=True)
        return _Kept(name, connection, connection.execute(_SHAPE).fetchall())

    def _end(self, kept: _Kept) -> None:
        kept.connection.close()
        self._drop(kept.name)


def _emptied(kept: _Kept) -> bool:
    """Whether it is again what it was when it was made."""
    connection = kept.connection
    if not _is_left_alone(connection) or connection.execute(_SHAPE).fetchall() != kept.shape:
        return False
    touched = connection.execute(_TOUCHED).fetchall()
    if sum(size for _, size in touched) > _BYTES:
        return False
    with connection.transaction():
        # No trigger and no foreign key is asked: what only grows is emptied too, in any order.
        connection.execute("SET LOCAL session_replication_role = replica")
        for table, _ in touched:
            connection.execute(sql.SQL("DELETE FROM {}").format(sql.SQL(table)))
        connection.execute(_START_ANEW)
    return True


def _is_left_alone(connection: psycopg.Connection) -> bool:
    """A server process goes a moment after its client."""
    until = time.monotonic() + _PATIENCE_S
    while connection.execute(_OTHERS).fetchone() != (0,):
        if time.monotonic() > until:
            return False
        time.sleep(0.002)
    return True
