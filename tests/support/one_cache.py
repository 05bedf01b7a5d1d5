"""What every application compiles when it begins is compiled once a process, not once a test.

A test has an application and an engine of its own. SQLAlchemy keeps the compiled statements with the engine, and
Werkzeug writes code for each route of each application; together that was more than half of what the tests cost.
The statements, the dialects and the routes are the same ones, so they are shared as they are in one long-lived process.
"""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

_statements: dict[str, LRUCache[Any, Any]] = {}
_builders: dict[tuple[Any, ...], Callable[..., tuple[str, str]]] = {}
_compile_builder = Rule._compile_builder


def _is_same(one: Any, other: object) -> bool:
    return type(one) is type(other)


def _hash(one: Any) -> int:
    return hash(type(one))


def _share_statements(connection: Connection) -> None:
    cache = _statements.setdefault(connection.dialect.name, LRUCache(20_000))
    connection.execution_options(compiled_cache=cache)


def _shared_builder(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
    """The code depends on the rule's text alone, as long as no default stands for one of its parts."""
    if rule.defaults:
        return _compile_builder(rule, append_unknown)
    key = (append_unknown, *rule._trace)
    if key not in _builders:
        _builders[key] = _compile_builder(rule, append_unknown)
    return _builders[key]


def pytest_configure(config: pytest.Config) -> None:
    for dialect in (SQLiteDialect_pysqlite, PGDialect_psycopg):
        dialect.__eq__, dialect.__hash__ = _is_same, _hash
    event.listen(Engine, "engine_connect", _share_statements)
    Rule._compile_builder = _shared_builder
