"""`billhead import`: what an operator brings along. Reached by its name alone, since `import` is a word of Python."""

from pathlib import Path

import click

from billhead.actions.importing.catalog_file import read_catalog
from billhead.actions.importing.import_catalog import import_catalog
from billhead.actions.importing.subscriber_rows import Refusal
from billhead.actions.rehearse import rehearse
from billhead.cli import in_app, json_option, show
from billhead.cli._csv_import import Imported, import_files
from billhead.db import writing
from billhead.domain.context import Context
from billhead.domain.errors import InvalidInput

__all__ = ["group"]


@click.group()
def group() -> None:
    """Bring in a catalogue and subscribers."""


@group.command("catalog")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Do all of it, show what came of it, and undo it.")
@json_option
@in_app
def catalog(file: Path, dry_run: bool, as_json: bool) -> None:
    """Import a catalogue FILE alone: seller, panels, plans and prices. Again after each change of it."""
    read, ctx = read_catalog(file), Context.system("cli:import")
    if dry_run:
        done = rehearse(ctx, lambda tx: import_catalog(tx, read))
    else:
        with writing(ctx) as tx:
            done = import_catalog(tx, read)
    lines = [f"{done.plans} plans, {done.prices} new prices, {done.panels} panels"]
    counts = {"plans": done.plans, "prices": done.prices, "panels": done.panels}
    show({"dry_run": dry_run, **counts}, as_json, lines)


@group.command("csv")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--catalog", "catalog_file", type=click.Path(path_type=Path), required=True, help="catalog.toml")
@click.option("--cards", default="", help="The gateway whose card tokens they are, as stripe.")
@click.option("--dry-run", is_flag=True, help="Do all of it, show what came of it, and undo it.")
@json_option
@in_app
def csv(file: Path, catalog_file: Path, cards: str, dry_run: bool, as_json: bool) -> None:
    """Import subscribers from a CSV FILE, and the catalogue that they refer to.

    A row with a mistake is refused, with line, column and reason, and costs no other. Run it again with mended rows.
    """
    if not file.is_file():
        raise InvalidInput(str(file), "cannot be read: there is no such file", hint="Give the path of a CSV file.")
    imported = import_files(read_catalog(catalog_file), file, dry_run=dry_run, cards=cards)
    show(imported.as_dict(), as_json, _lines(imported))


def _refused(refusal: Refusal) -> str:
    where = f"line {refusal.line}" + (f", {refusal.column}" if refusal.column else "")
    value = f" ({refusal.value})" if refusal.value else ""
    return f"{where}: {refusal.reason}{value}\n    {refusal.hint}"


def _lines(imported: Imported) -> list[str]:
    verb = "would be" if imported.dry_run else "were"
    return [
        *(_refused(refusal) for refusal in imported.refusals),
        f"{imported.plans} plans, {imported.prices} new prices, {imported.panels} panels",
        f"{imported.added} subscribers {verb} added, {imported.known} are known, {imported.refused_rows} rows refused",
    ]
