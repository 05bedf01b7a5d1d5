"""The database: engine, column types, the two kinds of session, and the fair writer lock.

`reading()` opens a read-only session; `writing(ctx)` opens the one transaction of an entry point and yields a `Tx`.
On SQLite a writer begins with BEGIN IMMEDIATE behind a first-come-first-served lock, so that updates are never lost and
a click never starves behind a run; readers use a plain BEGIN and, with WAL, wait for nobody.
"""

import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    BigInteger,
    Connection,
    CursorResult,
    DateTime,
    Engine,
    Insert,
    Integer,
    MetaData,
    String,
    event,
    text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Session, registry
from sqlalchemy.types import TypeDecorator

from billhead.domain.context import Context

__all__ = [
    "BigId",
    "Model",
    "Tx",
    "UtcDateTime",
    "db",
    "in_session",
    "init_db",
    "insert_row",
    "prepare_engine",
    "reading",
    "reserve_ids",
    "short_write",
    "writing",
]

BigId = BigInteger().with_variant(Integer(), "sqlite")

_PRAGMAS = (
    "journal_mode=WAL",
    "foreign_keys=ON",
    "busy_timeout=60000",
    "synchronous=NORMAL",
    # in pages: bulk work changes the same ones batch after batch, and so writes them to the file more seldom
    "wal_autocheckpoint=8000",
)

# Without an adapter sqlite3 asks every NULL that is written for one in three places; a dict answers None at once.
sqlite3.register_adapter(type(None), dict[None, None]().get)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC instant; SQLite keeps it as naive UTC, PostgreSQL as timestamptz."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime reached the database: pass an aware UTC instant")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


_CONVENTION = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Model(DeclarativeBase):
    """The declarative root: constraint names (migrations need them) and the map from annotations to column types."""

    registry = registry(
        metadata=MetaData(naming_convention=_CONVENTION),
        type_annotation_map={datetime: UtcDateTime(), int: BigId, str: String()},
    )


db = SQLAlchemy(model_class=Model, session_options={"expire_on_commit": False})


@dataclass(slots=True)
class Tx:
    """A Context bound to an open transaction: what an action is given. It never commits; its entry point does."""

    ctx: Context
    session: Session

    def after_commit(self, call: Callable[[], None]) -> None:
        """Run `call` once the transaction has committed (waking workers; never for anything that must not be lost)."""
        calls = self.session.info.setdefault("after_commit", [])
        if call not in calls:
            calls.append(call)


class _FairLock:
    """A mutex that is handed to the thread that has waited longest."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._held = False

    def acquire(self) -> None:
        with self._guard:
            if not self._held:
                self._held = True
                return
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append(mine)
        mine.acquire()

    def release(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._held = False


_writer_locks: dict[str, _FairLock] = {}
_writer_locks_guard = threading.Lock()
_open: ContextVar[str] = ContextVar("billhead_open_session", default="")


@contextmanager
def _writer_turn(engine: Engine) -> Iterator[None]:
    if engine.dialect.name != "sqlite":
        yield
        return
    with _writer_locks_guard:
        lock = _writer_locks.setdefault(str(engine.url), _FairLock())
    lock.acquire()
    try:
        yield
    finally:
        lock.release()


def in_session() -> str:
    """'reading', 'writing' or '' : what this thread holds open now. `exchange` refuses to call out unless ''."""
    return _open.get()


@contextmanager
def reading() -> Iterator[Session]:
    """A read-only session: flushing raises, and nothing is ever committed."""
    token = _open.set(_open.get() or "reading")
    session = Session(db.engine, autoflush=False)
    event.listen(session, "before_flush", _refuse_flush)
    try:
        yield session
    finally:
        session.close()
        _open.reset(token)


def _refuse_flush(session: Session, *_: object) -> None:
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("a reading() session was asked to write: open writing(ctx) instead")


@contextmanager
def writing(ctx: Context) -> Iterator[Tx]:
    """The transaction of one entry point: commits at the end of the block, rolls back on any exception."""
    if _open.get() == "writing":
        raise RuntimeError("a transaction is open already: actions are given its Tx, they never open their own")
    engine = db.engine
    with _writer_turn(engine):
        token = _open.set("writing")
        session = Session(engine.execution_options(billhead_writer=True), expire_on_commit=False)
        try:
            yield Tx(ctx, session)
            session.commit()
        except BaseException:
            session.rollback()
            raise
        finally:
            session.close()
            _open.reset(token)
    for call in session.info.get("after_commit", ()):
        call()


@contextmanager
def short_write(engine: Engine) -> Iterator[Connection]:
    """A statement or two in a transaction of their own, for what no business change may wait for or roll back."""
    if _open.get() == "writing":
        raise RuntimeError(
            "a transaction is open already: this one would wait for it, or wait with it for somebody else"
        )
    with _writer_turn(engine), engine.execution_options(billhead_writer=True).begin() as connection:
        yield connection


def init_db(app: Flask, url: str) -> None:
    """Bind the app to its database and set what SQLite needs to be correct (dependencies: lost updates)."""
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    options: dict[str, Any] = {"pool_pre_ping": not url.startswith("sqlite")}
    if url.startswith("sqlite"):
        options["connect_args"] = {"check_same_thread": False, "timeout": 60}
        options["pool_size"] = 32
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options
    db.init_app(app)
    with app.app_context():
        prepare_engine(db.engine)


def prepare_engine(engine: Engine) -> None:
    """Install the SQLite pragmas and the BEGIN discipline on an engine; PostgreSQL needs nothing."""
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def _pragmas(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writer = connection.get_execution_options().get("billhead_writer")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")


def insert_row(session: Session, statement: Insert, row: dict[str, Any]) -> int:
    """Insert one row by a statement that was built once, past the ORM; returns its id."""
    result = cast("CursorResult[Any]", session.execute(statement, row))
    (key,) = result.inserted_primary_key or (0,)
    return int(key)


def reserve_ids(session: Session, table: str, count: int) -> Sequence[int]:
    """`count` fresh primary keys of `table`, increasing, for bulk writes that need them up front."""
    if session.get_bind().dialect.name == "sqlite":
        # safe: the caller holds the database's only write transaction
        top: int = session.execute(text(f"SELECT coalesce(max(id), 0) FROM {table}")).scalar_one()  # noqa: S608
        return range(top + 1, top + 1 + count)
    # the sequence is looked up once, not once a row
    drawn = text(
        "SELECT nextval(s.name) FROM (SELECT pg_get_serial_sequence(:t, 'id')::regclass AS name OFFSET 0) AS s, "
        "generate_series(1, :n)"
    )
    return session.execute(drawn, {"t": table, "n": count}).scalars().all()
