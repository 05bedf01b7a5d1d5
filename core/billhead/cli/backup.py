"""`billhead backup FOLDER`: the whole database in one file, while the house works."""

from dataclasses import asdict
from pathlib import Path

import click

from billhead.actions.health._facts import remember
from billhead.backups.making import make_backup
from billhead.cli import in_app, json_option, show
from billhead.db import db, writing
from billhead.domain.context import Context

__all__ = ["command"]


@click.command("backup")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--keep", type=click.IntRange(1), help="Delete the oldest beyond so many in the folder.")
@json_option
@in_app
def command(folder: Path, keep: int | None, as_json: bool) -> None:
    """Write a backup into FOLDER and prove it. The secret key is not in it: keep secret.key apart, and keep it.

    SQLite is copied while it works; PostgreSQL by pg_dump, which must be on this machine.
    """
    made = make_backup(db.engine, folder)
    with writing(Context.system("cli:backup")) as tx:
        remember(tx, "backup", file=made.file, bytes=made.bytes)
    gone = _thinned(folder, keep) if keep else []
    proof = (
        f"its ledger is proven, {made.entries} entries" if made.entries is not None else "restore it once to prove it"
    )
    lines = [f"{folder / made.file}: {made.bytes / 1_000_000:.1f} MB, {proof}.", *(f"Deleted: {name}" for name in gone)]
    show({**asdict(made), "folder": str(folder), "deleted": gone}, as_json, lines)


def _thinned(folder: Path, keep: int) -> list[str]:
    """Only what has the .json of a backup beside it is ours to delete."""
    ours = sorted(folder.glob("billhead-*.json"))
    gone = []
    for beside in ours[:-keep]:
        for file in (beside.with_suffix(".sqlite3"), beside.with_suffix(".dump")):
            if file.exists():
                file.unlink()
                gone.append(file.name)
        beside.unlink()
    return gone
