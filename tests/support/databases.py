"""Fixtures: a migrated database of its own for each test, on SQLite and on PostgreSQL.

Migrating happens once a run; a test's database is a copy of that, or on PostgreSQL one that an earlier test has left
as empty as a copy.
"""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool
from used_again import UsedAgain

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


def _make(cluster: PostgresCluster, template: str) -> str:
    """A copy of the template under a name that no other worker uses."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    cluster.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    return name


def _drop(cluster: PostgresCluster, name: str) -> None:
    """With whoever is still connected."""
    cluster.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def empty_postgresql(cluster: PostgresCluster) -> Iterator[str]:
    """A database without any table, until the end of the block."""
    name = _make(cluster, "template0")
    try:
        yield cluster.url(name)
    finally:
        _drop(cluster, name)


@pytest.fixture(scope="session")
def new_databases(postgres_cluster: PostgresCluster) -> Callable[[], UsedAgain]:
    def new() -> UsedAgain:
        template = postgres_cluster.migrated_template(_migrate)
        make, drop = partial(_make, postgres_cluster, template), partial(_drop, postgres_cluster)
        return UsedAgain(postgres_cluster.socket_folder, make, drop)

    return new


@pytest.fixture(scope="session")
def used_again(new_databases: Callable[[], UsedAgain]) -> Iterator[UsedAgain]:
    databases = new_databases()
    yield databases
    databases.close()


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
def postgresql_url(postgres_cluster: PostgresCluster, used_again: UsedAgain) -> Iterator[str]:
    name = used_again.take()
    yield postgres_cluster.url(name)
    used_again.give_back(name)


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
