"""Make a backup of the running house: one file with the database, and one beside it that says what it is.

SQLite is copied by its own online backup, PostgreSQL by pg_dump. The secret key is not in it: whoever finds the backup
is to find no secrets in it that can be read.
"""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from billhead import clock
from billhead.actions.ledger.verify import verify_ledger
from billhead.db import prepare_engine
from billhead.domain.errors import Conflict
from billhead.migrations.ladder import CORE
from billhead.plugin_host import vault
from billhead.simulate.copying import copy_database

__all__ = ["Backup", "connection_words", "key_fits", "make_backup", "proven", "run_tool", "sum_of"]

_KEY_MARK = "billhead: which secret key"


@dataclass(frozen=True, slots=True)
class Backup:
    """What stands in the .json beside the file. `key_mark` tells one secret key from another, and gives none away.
    `entries`: of the ledger that was proven in it; None where it is proven only when it is restored (PostgreSQL)."""

    file: str
    kind: str  # sqlite | postgresql
    at: str
    bytes: int
    sha256: str
    revision: str
    release: str
    key_mark: str
    entries: int | None = None


def make_backup(engine: Engine, folder: Path) -> Backup:
    """Raises Conflict: it can't be written, pg_dump is missing or failed, or the ledger in it is wrong."""
    kind = engine.dialect.name
    at = clock.now()
    file = folder / f"billhead-{at:%Y%m%d-%H%M%S}.{'sqlite3' if kind == 'sqlite' else 'dump'}"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        entries: int | None = None
        if kind == "sqlite":
            entries = _copy(engine, file)
        else:
            _dump(engine.url, file)
        told = Backup(
            file.name, kind, at.isoformat(), file.stat().st_size, sum_of(file), CORE.current(engine) or "",
            version("billhead"), vault().digests(_KEY_MARK)[0], entries,
        )  # fmt: skip
        beside = file.with_suffix(".json")
        beside.touch(mode=0o600)
        beside.write_text(json.dumps(asdict(told), indent=1), "utf-8")
    except OSError as error:
        raise Conflict(f"{folder} can't be written: {error.strerror or error}") from error
    return told


def _copy(engine: Engine, file: Path) -> int:
    """Copied, read from end to end, and its ledger proven: a copy that is wrong is no backup."""
    copy_database(engine, file, lambda _told: None)
    copy = create_engine(f"sqlite:///{file}", poolclass=NullPool)
    prepare_engine(copy)
    try:
        with copy.connect() as connection:
            said = str(connection.execute(text("PRAGMA integrity_check(1)")).scalar_one())
        if said != "ok":
            raise Conflict(f"the copy is damaged: {said}")
        return proven(copy)
    finally:
        copy.dispose()
        for left in ("-wal", "-shm"):
            Path(f"{file}{left}").unlink(missing_ok=True)


def proven(engine: Engine) -> int:
    """How many entries its ledger has. Raises Conflict when it is wrong."""
    with Session(engine) as session:
        report = verify_ledger(session)
    if not report.verified:
        first = report.faults[0]
        raise Conflict(f"the ledger is wrong in {len(report.faults)} places, first {first.where}: {first.what}")
    return report.entries


def _dump(url: URL, file: Path) -> None:
    words = ["pg_dump", "--format=custom", "--no-owner", "--no-privileges"]
    dsn, environ = connection_words(url)
    file.touch(mode=0o600)
    run_tool([*words, f"--file={file}", dsn], environ)


def connection_words(url: URL) -> tuple[str, Mapping[str, str]]:
    """How libpq's tools are told of it: the password in the environment, where `ps` does not show it."""
    plain = url.set(drivername="postgresql", password=None)
    return f"--dbname={plain.render_as_string()}", {"PGPASSWORD": url.password or ""} if url.password else {}


def run_tool(words: list[str], environ: Mapping[str, str]) -> None:
    tool = shutil.which(words[0])
    if tool is None:
        raise Conflict(f"{words[0]} is not on this machine", hint="install the client programs of PostgreSQL")
    done = subprocess.run(
        [tool, *words[1:]], env={**os.environ, **environ}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        lines = [line for line in done.stderr.strip().splitlines() if line.strip()]
        older = any("version mismatch" in line for line in lines)
        hint = f"put a {words[0]} that is as new as the server first in PATH" if older else ""
        raise Conflict(f"{words[0]} failed: {lines[0] if lines else done.returncode}", hint=hint)


def sum_of(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as read:
        while block := read.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def key_fits(told: Backup) -> bool:
    return told.key_mark in vault().digests(_KEY_MARK)
