"""Fixtures: a migrated database of its own for each test, on SQLite and on PostgreSQL.

Migrating happens once a run; a test's database is a copy of that.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from itertools import count
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from postgres_cluster import PostgresCluster, cluster_of_run, only_one

ENGINES = ("sqlite", "postgresql")
_numbers = count(1)


def _migrate(url: str) -> None:
    # Imported late: a run of the domain's tests alone loads no database code.
    from billhead.db import prepare_engine
    from billhead.migrations.ladder import upgrade_core

    engine = create_engine(url, poolclass=NullPool)
    prepare_engine(engine)
    upgrade_core(engine)


@pytest.fixture(scope="session")
def run_id(request: pytest.FixtureRequest) -> str:
    """Names this run; the same in all of its workers."""
    workerinput = getattr(request.config, "workerinput", None)
    return workerinput["testrunuid"][:12] if workerinput else uuid4().hex[:12]


@pytest.fixture(scope="session")
def postgres_cluster(request: pytest.FixtureRequest, run_id: str) -> PostgresCluster:
    is_worker = hasattr(request.config, "workerinput")
    return cluster_of_run(run_id, os.getppid() if is_worker else os.getpid())


@contextmanager
def _database(cluster: PostgresCluster, template: str) -> Iterator[str]:
    """A copy of the template under a name that no other worker uses, dropped with whoever is still connected."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    cluster.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    try:
        yield cluster.url(name)
    finally:
        cluster.execute(f"DROP DATABASE {name} WITH (FORCE)")


def empty_postgresql(cluster: PostgresCluster) -> AbstractContextManager[str]:
    """A database without any table, until the end of the block."""
    return _database(cluster, "template0")


@pytest.fixture(scope="session")
def migrated_sqlite(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy from."""
    shared = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):
        shared = shared.parent
    file = shared / "migrated.sqlite3"
    with only_one(shared / "migrated.lock"):
        if not file.exists():
            migrated_here = file.with_suffix(".with-wal")
            _migrate(f"sqlite:///{migrated_here}")
            with closing(sqlite3.connect(migrated_here)) as connection:
                connection.execute("VACUUM INTO ?", (str(file),))  # one file, whatever still stands in the WAL
    return file


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    file = shutil.copy(migrated_sqlite, tmp_path / "billhead.sqlite3")
    return f"sqlite:///{file}"


@pytest.fixture
def postgresql_url(postgres_cluster: PostgresCluster) -> Iterator[str]:
    with _database(postgres_cluster, postgres_cluster.migrated_template(_migrate)) as url:
        yield url


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated, empty database; the test runs once on each engine."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture(params=ENGINES)
def bare_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without any table, for tests of migrations; the test runs once on each engine."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'bare.sqlite3'}"
        return
    with empty_postgresql(request.getfixturevalue("postgres_cluster")) as url:
        yield url
