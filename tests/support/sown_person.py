"""Somebody whose name, mail, phone, address and box are sown into every column that can hold words, table by table as
the metadata has them: what erasure has forgotten is then found by searching all of the database."""

import itertools
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Date, DateTime, Integer, LargeBinary, String, inspect, select
from sqlalchemy.orm import Session

import billhead.models  # noqa: F401 registers the tables
from billhead.actions.privacy._belongings import BELONGINGS
from billhead.actions.privacy._rows import theirs
from billhead.db import Model, UtcDateTime

NAME, MAIL, PHONE = "Zoe Marker", "zoe.marker@mark.example", "+358409998877"
IP, MAC = "203.0.113.77", "00:1A:79:5E:C4:E7"
SIGNS = ("zoe", "marker", "mark.example", "409998877", IP, MAC.lower(), "001a795ec4e7")
WORDS = f"{NAME} <{MAIL}> {PHONE} {IP} {MAC}"

_AT, _DAY = datetime(2026, 11, 20, 9, 0, tzinfo=UTC), date(2026, 11, 20)
_COUNT = itertools.count(1)

# what a row needs beyond its types, so that checks hold and nothing is left to do
_SHAPES: dict[str, dict[str, Any]] = {
    "subscription": {"state": "canceled", "term": "1 month", "zone": "UTC", "currency": "EUR"},
    "service": {"lifecycle": "gone", "mac": MAC, "desired_expires_at": None},
    "document": {"kind": "invoice", "state": "void", "currency": "EUR"},
    "payment_attempt": {"state": "failed", "amount_minor": 1},
    "payment": {"amount_minor": 1, "state": "booked", "currency": "EUR"},
    "refund": {"amount_minor": 1, "state": "succeeded"},
    "dispute": {"amount_minor": 1, "state": "won"},
    "bank_entry": {"amount_minor": 1},
    "unassigned_money": {"amount_minor": 1},
    "bill_dispute": {"state": "refused"},
    "customer_credit": {"amount_minor": 1, "remaining_minor": 0, "kind": "gifted", "currency": "EUR"},
    "lent_credit": {"state": "paid"},
    "notice": {"state": "sent"},
    "erasure_request": {"state": "revoked"},
    "data_export": {"state": "ended"},
    "method_saving": {"state": "failed"},
}
_SKIPPED = {"ledger_posting", "customer", "ledger_entry"}  # written by the books alone, or there already


def sow(session: Session, customer_id: int) -> None:
    """One more row of theirs in every table, with the words in each column that says it will be emptied."""
    for table in Model.metadata.sorted_tables:
        if table.name in BELONGINGS and table.name not in _SKIPPED:
            for column, parent in BELONGINGS[table.name].owners:
                _row(session, table.name, customer_id, owner=(column, parent))
    for name in BELONGINGS.keys() - _SKIPPED:
        table = Model.metadata.tables[name]
        found = session.execute(select(table).where(theirs(name, customer_id)).limit(1)).first()
        assert found is not None, f"nothing was sown in {name}"


def _row(session: Session, name: str, customer_id: int, owner: tuple[str, str] | None) -> Any:
    table, shape = Model.metadata.tables[name], _SHAPES.get(name, {})
    mine = BELONGINGS.get(name)
    sown = set()
    if mine is not None and owner is not None:
        sown = set(mine.empties.split()) | mine.becomes.keys()
        if mine.deleted:
            sown = {column.name for column in table.c}
    values: dict[str, Any] = {}
    for column in table.c:
        if owner is not None and column.name == owner[0]:
            values[column.name] = customer_id if owner[1] == "customer" else _of_theirs(session, owner[1], customer_id)
        elif column.name in shape:
            values[column.name] = shape[column.name]
        elif column.name in sown and isinstance(column.type, String | JSON | LargeBinary):
            values[column.name] = _words(column, name)
        elif column.name == "id" or (column.nullable and not (column.foreign_keys and not owner)):
            continue
        elif column.foreign_keys:
            (key,) = column.foreign_keys
            if not column.nullable:
                values[column.name] = _any(session, key.column.table.name, customer_id)
        elif column.default is None and column.server_default is None:
            values[column.name] = _plain(column)
    return session.execute(table.insert().values(values)).inserted_primary_key


def _of_theirs(session: Session, name: str, customer_id: int) -> int:
    table = Model.metadata.tables[name]
    return session.scalars(select(table.c.id).where(theirs(name, customer_id)).order_by(table.c.id.desc())).first()


def _any(session: Session, name: str, customer_id: int) -> Any:
    table = Model.metadata.tables[name]
    (key,) = inspect(table).primary_key
    found = None
    if name in BELONGINGS:
        found = session.scalars(select(key).where(theirs(name, customer_id)).order_by(key).limit(1)).first()
    if found is None:
        found = session.scalars(select(key).order_by(key).limit(1)).first()
    if found is None:
        found = _row(session, name, customer_id, owner=None)[0]
    return found


def _words(column: Any, table: str) -> Any:
    unique = f" {next(_COUNT)}"
    if isinstance(column.type, JSON):
        is_list = column.default is not None and column.default.is_callable and column.default.arg(None) == []
        return [WORDS] if is_list else {"told": WORDS, "deeper": [{"mail": MAIL}]}
    if isinstance(column.type, LargeBinary):
        return WORDS.encode()
    return f"{table}: {WORDS}{unique}"


def _plain(column: Any) -> Any:
    if isinstance(column.type, UtcDateTime | DateTime):
        return _AT
    if isinstance(column.type, Date):
        return _DAY
    if isinstance(column.type, Boolean):
        return False
    if isinstance(column.type, JSON):
        return {}
    if isinstance(column.type, LargeBinary):
        return b"\x00"
    return 0 if isinstance(column.type, Integer) else f"x{next(_COUNT)}"


def found_in(session: Session) -> dict[str, list[str]]:
    """By table, the columns in which a sign of the person stands."""
    found: dict[str, set[str]] = {}
    for table in Model.metadata.sorted_tables:
        for row in session.execute(select(table)).mappings():
            for name, value in row.items():
                text = (value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)).lower()
                if any(sign in text for sign in SIGNS):
                    found.setdefault(table.name, set()).add(str(name))
    return {table: sorted(columns) for table, columns in found.items()}
