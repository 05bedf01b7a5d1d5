"""The sandbox's database: one SQLite connection, locked per statement.

Every statement commits by itself, as on a MySQL panel without transactions: a call that reads and then
writes can be overtaken by another, which is how real panels come to hold two accounts of one name.
`synchronous=OFF` is safe against a killed process, not against a machine that loses power.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

from billhead_sandbox.panel.schema import SCHEMA, TABLES

Row = dict[str, Any]


def _as_dict(cursor: sqlite3.Cursor, values: tuple[Any, ...]) -> Row:
    return {column[0]: value for column, value in zip(cursor.description, values, strict=True)}


class Store:
    """SQL in, dicts out; safe to call from every thread."""

    def __init__(self, folder: Path | None) -> None:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        path = ":memory:" if folder is None else str(folder / "panel.sqlite3")
        self._lock = Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = _as_dict
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=OFF")
        self._connection.executescript(SCHEMA)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        with self._lock:
            return self._connection.execute(sql, values).fetchall()

    def row(self, sql: str, values: Sequence[Any] = ()) -> Row | None:
        with self._lock:
            found: Row | None = self._connection.execute(sql, values).fetchone()
            return found

    def value(self, sql: str, values: Sequence[Any] = ()) -> Any:
        found = self.row(sql, values)
        return None if found is None else next(iter(found.values()))

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Execute one statement; the number of rows it touched."""
        with self._lock:
            return self._connection.execute(sql, values).rowcount

    def insert(self, table: str, row: Mapping[str, Any]) -> int:
        columns, marks = ", ".join(row), ", ".join("?" * len(row))
        with self._lock:
            cursor = self._connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", tuple(row.values()))
            return cursor.lastrowid or 0

    def insert_many(self, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Many rows of equal columns in one transaction: for seeding only."""
        batch = list(rows)
        if not batch:
            return
        columns, marks = ", ".join(batch[0]), ", ".join("?" * len(batch[0]))
        with self._lock:
            self._connection.execute("BEGIN")
            self._connection.executemany(
                f"INSERT INTO {table} ({columns}) VALUES ({marks})", [tuple(row.values()) for row in batch]
            )
            self._connection.execute("COMMIT")

    def update(self, table: str, row: Mapping[str, Any], where: str, values: Sequence[Any]) -> int:
        if not row:
            return 0
        changes = ", ".join(f"{column} = ?" for column in row)
        return self.run(f"UPDATE {table} SET {changes} WHERE {where}", (*row.values(), *values))

    def meta(self, name: str) -> str | None:
        found: str | None = self.value("SELECT value FROM meta WHERE name = ?", (name,))
        return found

    def set_meta(self, name: str, value: str) -> None:
        self.run("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (name, value))

    def counts(self) -> dict[str, int]:
        return {table: self.value(f"SELECT count(*) FROM {table}") for table in TABLES if table != "meta"}

    def wipe(self) -> None:
        for table in TABLES:
            self.run(f"DELETE FROM {table}")

    def close(self) -> None:
        with self._lock:
            self._connection.close()
