"""What every application compiles when it begins is compiled once a process, not once a test.

The same goes for the certificates of authorities, which httpx reads for every client that it makes.

A test has an application and an engine of its own. SQLAlchemy keeps the compiled statements with the engine, Jinja
the templates with the application, and Werkzeug what it makes of each route; together that was more than half of
what the tests cost. They are the same ones in every test, so they are shared as in one long-lived process. What an
installed plugin offers is asked for once as well, and garbage is looked for less often: little of it is in circles.
"""

import gc
import sys
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
_rules: dict[tuple[Any, ...], Rule] = {}
_compile_rule = Rule.compile


def _is_same(one: Any, other: object) -> bool:
    return type(one) is type(other)


def _hash(one: Any) -> int:
    return hash(type(one))


def _share_statements(connection: Connection) -> None:
    cache = _statements.setdefault(connection.dialect.name, LRUCache(20_000))
    connection.execution_options(compiled_cache=cache)


def _compile_once(rule: Rule) -> None:
    """What a rule compiles to depends on its text and on its map's ways, as long as no default stands for a part."""
    place = rule.map
    if rule.defaults or place is None:
        return _compile_rule(rule)
    domain = rule.host if place.host_matching else rule.subdomain
    key = (place.host_matching, domain, rule.rule, rule.merge_slashes, tuple(place.converters.items()))
    if key not in _rules:
        _compile_rule(rule)
        _rules[key] = rule
        return None
    known = _rules[key]
    rule._parts, rule._trace, rule._converters = known._parts, known._trace, known._converters
    rule.arguments = set(known.arguments)
    rule._build = known._build.__func__.__get__(rule)
    rule._build_unknown = known._build_unknown.__func__.__get__(rule)
    return None


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
    discovery.entry_points = cache(discovery.entry_points)


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
    Rule.compile = _compile_once
    httpx._transports.default.create_ssl_context = cache(httpx._config.create_ssl_context)
    _load_plugins_once()
    Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": _Templates()}
