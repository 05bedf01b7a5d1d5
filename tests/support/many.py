"""The same shop with ten thousand customers: everything that belongs to customers is there many times over.

Each copy is a world of its own: its rows have ids of their own and point to each other, and to the same catalogue,
panels, resellers and staff as the first. Written past the application, on SQLite alone: only its size is looked at.
"""

import sqlite3

from sqlalchemy import Column, Integer, Table, UniqueConstraint
from sqlalchemy.types import String

import billhead.models  # noqa: F401
from billhead.db import Model

__all__ = ["multiply"]

_APART = 1_000_000
_LOGS = {
    "address_news", "audit_entry", "billing_run", "callback", "coupon", "event", "event_delivery", "fraud_entry", "job",
    "login_attempt", "notice", "support_mail",
}  # fmt: skip
"""What grows with the shop though no customer's key stands in it."""


def multiply(path: str, copies: int) -> set[str]:
    """Returns the tables that grew."""
    copied = _copied()
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("BEGIN IMMEDIATE")
        grown = {table.name: _copy(connection, table, copied, copies) for table in copied}
        connection.execute("COMMIT")
        return {name for name, rows in grown.items() if rows}
    finally:
        connection.close()


def _copied() -> list[Table]:
    """Customers, what points to them, what points to that, and so on; not the ledger: its guards want it whole."""
    tables = list(Model.metadata.sorted_tables)
    found = {table for table in tables if table.name in _LOGS | {"customer"}}
    while more := {
        table for table in tables if table not in found and any(key.column.table in found for key in table.foreign_keys)
    }:
        found |= more
    return [table for table in tables if table in found and not table.name.startswith("ledger_")]


def _copy(connection: sqlite3.Connection, table: Table, copied: list[Table], copies: int) -> int:
    once = _once(table)
    columns = [column for column in table.columns if column.computed is None]
    values = ", ".join(_value(column, copied, once) for column in columns)
    names = ", ".join(f'"{column.name}"' for column in columns)
    own = [column for column in columns if any(key.column.table in copied for key in column.foreign_keys)]
    belongs = " OR ".join(f'"{table.name}"."{one.name}" IS NOT NULL' for one in own)
    if table.name in _LOGS or table.name == "customer":
        belongs = "TRUE"
    statement = (
        f"WITH RECURSIVE copy (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copy WHERE n < {copies}) "
        f'INSERT OR IGNORE INTO "{table.name}" ({names}) SELECT {values} FROM "{table.name}", copy WHERE {belongs}'
    )
    before = connection.total_changes  # a WITH tells no rowcount
    connection.execute(statement)
    return connection.total_changes - before


def _once(table: Table) -> set[str]:
    """Columns that make a row the only one."""
    lists = [one.columns for one in table.constraints if isinstance(one, UniqueConstraint)]
    lists += [one.columns for one in table.indexes if one.unique]
    return {column.name for columns in (*lists, table.primary_key.columns) for column in columns}


def _value(column: Column, copied: list[Table], once: set[str]) -> str:
    name = f'"{column.table.name}"."{column.name}"'
    points_to = [key.column.table for key in column.foreign_keys]
    if any(table in copied for table in points_to):
        return f"{name} + n * {_APART}"
    if column.name not in once:
        return name
    if points_to:
        return "NULL" if column.nullable else name
    if isinstance(column.type, String):
        return f"{name} || '-' || n"
    return f"{name} + n * {_APART}" if isinstance(column.type, Integer) else name
