"""`billhead restore FILE`: a backup into an empty database, with charges and panels stopped at first."""

from dataclasses import asdict, replace
from pathlib import Path

import click

from billhead.actions.freeze import SWITCHES, set_freeze
from billhead.backups.restoring import restore_backup
from billhead.cli import current_app_of, json_option, show
from billhead.cli._running import migrate_all
from billhead.db import db, writing
from billhead.domain.context import Context

__all__ = ["command"]


@click.command("restore")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@json_option
@click.pass_context
def command(ctx: click.Context, file: Path, as_json: bool) -> None:
    """Restore FILE, which billhead backup wrote, into the database of these settings; it must be empty.

    The secret key of the house that was backed up must be in place. Charges and panels are stopped afterwards: payments
    since the backup are at the gateways, and not in the books.
    """
    app = current_app_of(ctx)
    with app.app_context():
        restored = restore_backup(db.engine, file, lambda: migrate_all(app))
        with writing(replace(Context.system("cli:restore"), reason="restored from a backup")) as tx:
            for switch in SWITCHES:
                set_freeze(tx, switch, True)
    lines = [
        f"{restored.file} of {restored.made_at} is restored; its ledger is proven, {restored.entries} entries.",
        "Charges and panels are stopped. Compare the gateways' lists with Payments, then: billhead stop charges --lift",
    ]
    show({**asdict(restored), "stopped": list(SWITCHES)}, as_json, lines)
