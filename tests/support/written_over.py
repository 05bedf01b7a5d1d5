"""A world in which every column that can hold words says what a test wants, and a reader of what pages made of it."""

import json
import re
import sqlite3
from contextlib import closing
from html.parser import HTMLParser
from typing import Any

from peopled import World
from sqlalchemy import JSON, String

from billhead.db import Model, UtcDateTime

__all__ = ["WRITTEN", "made_of", "overwrite", "plant"]

WRITTEN = "javascript:zz'\"></script></title></textarea><zz onzz=zz>[zz](javascript:zz)"
ADDRESSES = ("href", "src", "action", "formaction", "srcset", "data", "poster", "xlink:href")

CODES = {
    "state", "kind", "currency", "base_currency", "settled_currency", "fee_currency", "zone", "language", "country",
    "region", "role", "tier", "code", "mode", "key", "token", "token_hash", "key_hash", "module", "gateway",
    "settlement", "collection", "timing", "phase", "term", "trial_term", "lifecycle", "sync", "side", "what", "action",
    "result", "proration", "tax_engine", "tax_rounding", "bill_dispute.reason", "verdict", "paid_through",
    "announcement.readers",
}  # fmt: skip
"""Columns of codes and secrets: nobody writes in them. All others are taken for words."""
SHAPES: dict[str, dict[str, Any]] = {
    "adoption_line": {"verdict": "refused"},
    "announcement": {"readers": "everybody"},
    "bulk_action": {"kind": "extend", "state": "done"},
    "customer_credit": {"kind": "gifted", "currency": "EUR"},
    "fraud_entry": {"kind": "mail"},
    "panel_move_line": {"state": "moved"},
}
"""Codes in rows that are planted."""
NOT_PLANTED = {"seller_logo"}
"""A picture."""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if "zz" in tag:
            self.faults.append(f"an element {tag!r}")
        for name, value in attrs:
            if "zz" in name:
                self.faults.append(f"an attribute {name!r} of <{tag}>")
            if name in ADDRESSES and re.match(r"[\s\x00-\x20]*javascript:", value or "", re.IGNORECASE):
                self.faults.append(f"an address in {name} of <{tag}>")


def made_of(text: str) -> list[str]:
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return reader.faults


def plant(world: World) -> None:
    """A row of Ada's, or of nobody's, in each table that is empty yet."""
    with closing(sqlite3.connect(world.file)) as now:
        now.execute("PRAGMA foreign_keys = OFF")
        now.execute("PRAGMA ignore_check_constraints = ON")
        for table in Model.metadata.sorted_tables:
            if now.execute(f'SELECT 1 FROM "{table.name}" LIMIT 1').fetchone() or table.name in NOT_PLANTED:
                continue
            values = {column.name: _value(world, column) for column in table.c if column.computed is None}
            values |= SHAPES.get(table.name, {})
            marks = ", ".join("?" * len(values))
            names = ", ".join(f'"{name}"' for name in values)
            now.execute(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})', list(values.values()))
        now.commit()


def _value(world: World, column: Any) -> Any:
    if column.name.endswith("currency"):
        return "EUR"
    given = column.default.arg if column.default is not None and column.default.is_scalar else None
    if given is not None:
        return getattr(given, "value", given)
    if column.name in ("seller_id", "customer_id"):
        return getattr(world.people["ada"], column.name)
    if isinstance(column.type, JSON):
        return json.dumps(column.default.arg(None) if column.default is not None else {})
    if isinstance(column.type, UtcDateTime):
        return "2026-11-20 09:00:00.000000"
    kinds = {"str": "x", "int": 1, "bool": 0, "date": "2026-11-20", "bytes": b"x"}
    return kinds[column.type.python_type.__name__]


def overwrite(file: str, words: str = WRITTEN) -> int:
    """How many columns were. Nothing guards the books here."""
    written = 0
    with closing(sqlite3.connect(file)) as now:
        now.execute("PRAGMA ignore_check_constraints = ON")
        for (name,) in now.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            now.execute(f'DROP TRIGGER "{name}"')
        for table in Model.metadata.sorted_tables:
            key = " AND ".join(f'"{column.name}" = ?' for column in table.primary_key)
            keys = ", ".join(f'"{column.name}"' for column in table.primary_key)
            for column in table.c:
                if column.primary_key or _is_code(table.name, column.name):
                    continue
                found = now.execute(f'SELECT "{column.name}", {keys} FROM "{table.name}"').fetchall()
                changed = [
                    (_rewritten(column, told, f"{words}{place}"), *row) for place, (told, *row) in enumerate(found)
                ]
                now.executemany(f'UPDATE "{table.name}" SET "{column.name}" = ? WHERE {key}', changed)
                written += isinstance(column.type, String)
        now.commit()
    return written


def _rewritten(column: Any, told: Any, words: str) -> Any:
    if isinstance(column.type, JSON):
        return json.dumps(_in_words(json.loads(told or "null"), words))
    return words if isinstance(column.type, String) else told


def _is_code(table: str, column: str) -> bool:
    return column in CODES or f"{table}.{column}" in CODES


def _in_words(told: Any, words: str) -> Any:
    """Each text with a blank in it is somebody's words; one without is a code, or a number."""
    if isinstance(told, dict):
        return {name: _in_words(value, words) for name, value in told.items()}
    if isinstance(told, list):
        return [_in_words(value, words) for value in told]
    return words if isinstance(told, str) and " " in told else told
