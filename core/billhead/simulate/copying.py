"""The copy that a simulation lives in: a SQLite file, of a SQLite or a PostgreSQL database.

SQLite is copied by its own online backup. PostgreSQL is read table by table within one snapshot, streamed, into the
same schema: a template database would need everybody to be disconnected, and the server of the living shop is to pay
no more than one pass over its data. The original is only read, and goes on being worked with.
"""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, MetaData, Table, create_engine, event, insert, select, text
from sqlalchemy.pool import NullPool

from billhead.db import Model, prepare_engine
from billhead.domain.errors import Conflict
from billhead.migrations.ladder import CORE, upgrade_core
from billhead.plugin_host import plugin_ladder, plugins, upgrade_plugin

__all__ = ["copy_database"]

Tell = Callable[[str], None]

_BATCH = 2000
_PAGES = 20_000
_ROOM = 2  # times the size of the database must be free: the copy, and what grows in it


def copy_database(source: Engine, file: Path, tell: Tell) -> None:
    """Write a copy of `source` to `file`, which must not exist. Raises Conflict for a database that is not at this
    release's revision, and for a disk that is too small."""
    if file.exists():
        raise Conflict(f"{file} exists already", hint="name another file, or remove it")
    if CORE.current(source) != CORE.head():
        raise Conflict("the database is not at this release's revision", hint="Run: billhead db upgrade")
    partial = file.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    partial.touch(mode=0o600)  # it holds what the original holds: for nobody else's eyes
    if source.dialect.name == "sqlite":
        _backup(Path(source.url.database or ""), partial, tell)
    else:
        _stream(source, partial, tell)
    partial.rename(file)


def _backup(original: Path, file: Path, tell: Tell) -> None:
    size = original.stat().st_size
    if shutil.disk_usage(file.parent).free < _ROOM * size:
        raise Conflict(f"a copy of {size // 1_000_000} MB and what grows in it do not fit into {file.parent}")

    def told(_status: int, remaining: int, total: int) -> None:
        tell(f"copied {100 * (total - remaining) // max(total, 1)} %")

    with sqlite3.connect(f"file:{original}?mode=ro", uri=True) as source, sqlite3.connect(file) as copy:
        source.execute("BEGIN")  # one snapshot: a backup that sees a write begins anew, and on a busy shop never ends
        source.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        source.backup(copy, pages=_PAGES, progress=told, sleep=0)
    source.close()
    copy.close()


def _stream(source: Engine, file: Path, tell: Tell) -> None:
    target = create_engine(f"sqlite:///{file}", poolclass=NullPool)
    prepare_engine(target)
    upgrade_core(target)
    for plugin in plugins().active():
        if plugin_ladder(plugin) is not None:
            upgrade_plugin(target, plugin)
    target.dispose()
    rows = create_engine(f"sqlite:///{file}", poolclass=NullPool)
    event.listen(rows, "connect", _for_rows)
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True, "stream_results": True}
    with source.connect().execution_options(**options) as read, rows.connect() as write:
        _copy_tables(read, write, tell)
    rows.dispose()


def _for_rows(raw: sqlite3.Connection, _record: object) -> None:
    """Tables come one by one, so what a row refers to may come after it."""
    for pragma in ("foreign_keys=OFF", "synchronous=OFF"):
        raw.execute(f"PRAGMA {pragma}")


def _copy_tables(read: Connection, write: Connection, tell: Tell) -> None:
    for from_table, to_table in _tables(read, write):
        count = 0
        rows = read.execute(select(from_table)).mappings()
        for batch in rows.partitions(_BATCH):
            write.execute(insert(to_table), [_row(row) for row in batch])
            count += len(batch)
        write.commit()
        if count:
            tell(f"copied {from_table.name}: {count} rows")
    write.execute(text("ANALYZE"))
    write.commit()


def _tables(read: Connection, write: Connection) -> Iterator[tuple[Table, Table]]:
    """(from, to) of every table. Postings come before their entries: an entry closes them, on either database."""
    core = Model.metadata.sorted_tables
    last = {"ledger_entry": 1}
    for table in sorted(core, key=lambda one: last.get(one.name, 0)):
        yield table, table
    there, here = MetaData(), MetaData()
    there.reflect(read)
    here.reflect(write)
    for name, table in here.tables.items():
        if name.startswith("x_") and name in there.tables:
            yield there.tables[name], table


def _row(row: Any) -> dict[str, Any]:
    """Reflected columns of SQLite keep naive instants, in UTC; core's own types see to that themselves."""
    return {name: value.astimezone(UTC) if isinstance(value, datetime) and value.tzinfo else value
            for name, value in row.items()}  # fmt: skip
