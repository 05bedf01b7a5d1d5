"""Rows of a customer, found from what `_belongings.py` says, and written over table by table."""

from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    LargeBinary,
    String,
    Table,
    cast,
    delete,
    false,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from billhead.actions.privacy._belongings import BELONGINGS
from billhead.bulk import rows_changed
from billhead.db import Model, Tx

__all__ = ["count_of", "erase_table", "ordered", "table_of", "theirs"]


def table_of(name: str) -> Table:
    return Model.metadata.tables[name]


def ordered() -> list[str]:
    """Children before their parents, so that rows are still found by them, and nothing is deleted that is named."""
    return [table.name for table in reversed(Model.metadata.sorted_tables) if table.name in BELONGINGS]


def theirs(name: str, customer_id: int) -> ColumnElement[bool]:
    """The condition by which rows of a table are this customer's."""
    table = table_of(name)
    if name == "customer":
        return table.c.id == customer_id
    ways = []
    for column, parent in BELONGINGS[name].owners:
        if parent == "customer":
            ways.append(table.c[column] == customer_id)
        else:
            ways.append(table.c[column].in_(select(table_of(parent).c.id).where(theirs(parent, customer_id))))
    return or_(false(), *ways)


def count_of(session: Session, name: str, customer_id: int) -> int:
    counted = select(func.count()).select_from(table_of(name)).where(theirs(name, customer_id))
    return int(session.scalar(counted) or 0)


def erase_table(tx: Tx, name: str, customer_id: int) -> int:
    """Delete or write over; returns how many rows. Twice is as once."""
    mine, table, where = BELONGINGS[name], table_of(name), theirs(name, customer_id)
    if mine.deleted:
        return rows_changed(tx.session, delete(table).where(where))
    values = {column: _empty(table.c[column]) for column in mine.empties.split()}
    values |= {column: _written(table, value) for column, value in mine.becomes.items()}
    if not values:
        return 0
    return rows_changed(tx.session, update(table).where(where).values(values))


def _empty(column: Column[Any]) -> Any:
    if column.nullable:
        return None
    if isinstance(column.type, JSON):
        default: Any = column.default
        return default.arg(None) if default is not None and default.is_callable else {}
    return b"" if isinstance(column.type, LargeBinary) else ""


def _written(table: Table, value: Any) -> Any:
    """`erased-{id}`: with the row's own id, where a column must be unique."""
    if not isinstance(value, str) or "{id}" not in value:
        return value
    before, _, after = value.partition("{id}")
    return literal(before) + cast(table.c.id, String) + literal(after)
