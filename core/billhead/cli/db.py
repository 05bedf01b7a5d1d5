"""`billhead db`: the tables of core and plugins, and the revisions that bring them up to date."""

import tempfile
from pathlib import Path

import click
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from billhead.cli import current_app_of, in_app, json_option, show
from billhead.cli._running import migrate_all
from billhead.db import db, prepare_engine
from billhead.domain.errors import Conflict, NotFound
from billhead.migrations.ladder import CORE, Ladder
from billhead.plugin_host import plugin_ladder, plugins

__all__ = ["group"]


@click.group()
def group() -> None:
    """Tables and their revisions."""


@group.command()
@json_option
@click.pass_context
def upgrade(ctx: click.Context, as_json: bool) -> None:
    """Bring the tables of core and of all plugins up to date."""
    revisions = migrate_all(current_app_of(ctx))
    show({"revisions": revisions}, as_json, [f"{name}: at {revision}" for name, revision in revisions.items()])


@group.command()
@json_option
@in_app
def check(as_json: bool) -> None:
    """Does the database stand where this release needs it, and does it hold what the models say? Exit code 1 if not."""
    stands_at, head = CORE.current(db.engine), CORE.head()
    differences = [str(difference) for difference in CORE.missing(db.engine)] if stands_at == head else []
    ok = stands_at == head and not differences
    behind = f"The database stands at {stands_at}, this release needs {head}: run billhead db upgrade"
    lines = ["The tables are up to date."] if ok else differences or [behind]
    show({"ok": ok, "revision": stands_at, "head": head, "differences": differences}, as_json, lines)
    if not ok:
        raise SystemExit(1)


@group.command()
@click.argument("message")
@click.option("--plugin", help="Write it for the tables of this plugin.")
@json_option
@in_app
def revision(message: str, plugin: str | None, as_json: bool) -> None:
    """Write the next revision from the difference between the models and the revisions that are there."""
    file = _write(_ladder(plugin), message)
    show({"file": str(file)}, as_json, [f"{file} is written: read it, then run billhead db upgrade"])


def _ladder(plugin: str | None) -> Ladder:
    if plugin is None:
        return CORE
    ladder = plugin_ladder(plugins().get(plugin))
    if ladder is None:
        raise NotFound("tables of the plugin", plugin, hint="its module declares no MIGRATIONS")
    return ladder


def _write(ladder: Ladder, message: str) -> Path:
    """Compare with a throw-away database at the head, so that it does not matter which one this machine uses."""
    with tempfile.TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{folder}/head.sqlite3", poolclass=NullPool)
        prepare_engine(engine)
        head = ladder.upgrade(engine)
        if not ladder.missing(engine):
            raise Conflict("The models and the revisions agree: there is nothing to write.")
        return ladder.write(engine, message, f"{int(head or 0) + 1:04d}")
