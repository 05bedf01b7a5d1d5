"""What every application compiles when it begins is compiled once a process, not once a test.

The same goes for the certificates of authorities, which httpx reads for every client that it makes.

A test has an application and an engine of its own. SQLAlchemy keeps the compiled statements with the engine, Jinja
the templates with the application, and Werkzeug writes code for each of its routes; together that was more than half of
what the tests cost. They are the same ones in every test, so they are shared as in one long-lived process. What an
installed plugin offers is asked for once as well, and garbage is looked for less often: little of it is in circles.
"""

import gc
import sys
from collections.abc import Callable
from functools import cache
from importlib.metadata import EntryPoint
from typing import Any

import httpx
import pytest
from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
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


def _load_plugins_once() -> None:
    """As long as the module is the one that was imported: a test that pretends one gets what it pretends."""
    from billhead.plugin_host import discovery

    load, loaded = discovery._load, {}

    def loaded_once(point: EntryPoint) -> Any:
        known = loaded.get((point.name, point.value))
        if known is None or sys.modules.get(known.module.__name__) is not known.module:
            known = load(point)
            if known.broken:
                return known
            loaded[point.name, point.value] = known
        return known

    discovery._load = loaded_once


class _Templates(BytecodeCache):
    """By name, file and what the file holds."""

    def __init__(self) -> None:
        self._code: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._code.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key, bucket.checksum] = bucket.code


def pytest_configure(config: pytest.Config) -> None:
    gc.set_threshold(100_000, 50, 50)
    for dialect in (SQLiteDialect_pysqlite, PGDialect_psycopg):
        dialect.__eq__, dialect.__hash__ = _is_same, _hash
    event.listen(Engine, "engine_connect", _share_statements)
    Rule._compile_builder = _shared_builder
    httpx._transports.default.create_ssl_context = cache(httpx._config.create_ssl_context)
    _load_plugins_once()
    Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": _Templates()}
