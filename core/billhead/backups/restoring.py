"""Restore a backup into an empty database, stop charges and panels, and prove the ledger that came with it."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, inspect

from billhead.backups.making import Backup, connection_words, key_fits, proven, run_tool, sum_of
from billhead.domain.errors import Conflict, InvalidInput

__all__ = ["Restored", "read_backup", "restore_backup"]


@dataclass(frozen=True, slots=True)
class Restored:
    """`entries` of the ledger were proven."""

    file: str
    made_at: str
    revision: str
    entries: int


def read_backup(file: Path) -> Backup:
    """What the .json beside it says, checked against the file. Raises InvalidInput or Conflict."""
    try:
        told = Backup(**json.loads(file.with_suffix(".json").read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise InvalidInput("FILE", f"there is no {file.with_suffix('.json').name} of a backup beside it") from error
    if not file.is_file():
        raise InvalidInput("FILE", f"{file} is not there")
    if sum_of(file) != told.sha256:
        raise Conflict(f"{file.name} is not as it was made: it was damaged or changed", hint="take another backup")
    return told


def restore_backup(engine: Engine, file: Path, migrate: Callable[[], object]) -> Restored:
    """Into the database of these settings, which must be empty; `migrate` brings it to this release.

    Raises InvalidInput, or Conflict: it is not empty, of another kind, the key is another one, the ledger is wrong.
    """
    told = read_backup(file)
    if told.kind != engine.dialect.name:
        raise Conflict(f"it is of {told.kind}, and the settings name {engine.dialect.name}")
    if not key_fits(told):
        raise Conflict(
            "the secret key is another one: secrets of panels, gateways and lines could not be read",
            hint="put secret.key, or BILLHEAD_SECRET_KEY, of the house that was backed up in place first",
        )
    if inspect(engine).get_table_names():
        raise Conflict("the database is not empty", hint="name an empty one: another BILLHEAD_HOME, or a new database")
    engine.dispose()
    if told.kind == "sqlite":
        place = Path(engine.url.database or "")
        shutil.copyfile(file, place)
        place.chmod(0o600)
    else:
        dsn, environ = connection_words(engine.url)
        run_tool(["pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", dsn, str(file)], environ)
    migrate()
    return Restored(file.name, told.at, told.revision, proven(engine))
