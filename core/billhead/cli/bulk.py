"""`billhead bulk`: what is done to many subscriptions at once, how far it is, and stopping it."""

import sys
import time
from typing import Any

import click
from sqlalchemy import select

from billhead.actions.bulk.cancel_bulk import cancel_bulk
from billhead.cli import in_app, json_option, show
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import NotFound
from billhead.models.bulk import BulkAction

__all__ = ["group"]


@click.group()
def group() -> None:
    """Bulk actions: list them, watch one, stop one. They are asked for in the admin area."""


@group.command("list")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 500))
@json_option
@in_app
def list_bulks(limit: int, as_json: bool) -> None:
    """The newest of them."""
    with reading() as session:
        rows = [_row(one) for one in session.scalars(select(BulkAction).order_by(BulkAction.id.desc()).limit(limit))]
    show({"bulk_actions": rows}, as_json, [_line(row) for row in rows] or ["There is none."])


@group.command()
@click.argument("bulk_id", type=int)
@json_option
@in_app
def watch(bulk_id: int, as_json: bool) -> None:
    """Show its progress until it has ended. Exit code 1 if some of it failed."""
    row = _read(bulk_id)
    while row["state"] in ("queued", "running", "undoing"):
        if not as_json:
            click.echo(f"\r{_line(row)}", nl=not sys.stdout.isatty())
        time.sleep(1)
        row = _read(bulk_id)
    show(row, as_json, [_line(row)])
    if row["failed"]:
        raise SystemExit(1)


@group.command()
@click.argument("bulk_id", type=int)
@json_option
@in_app
def cancel(bulk_id: int, as_json: bool) -> None:
    """Stop it; what was done stays done."""
    with writing(Context.system("cli:bulk")) as tx:
        stopped = cancel_bulk(tx, bulk_id)
    show({"bulk_id": bulk_id, "done": stopped.done}, as_json, [f"Stopped after {stopped.done}."])


def _read(bulk_id: int) -> dict[str, Any]:
    with reading() as session:
        found = session.get(BulkAction, bulk_id)
        if found is None:
            raise NotFound("bulk action", bulk_id)
        return _row(found)


def _row(one: BulkAction) -> dict[str, Any]:
    names = ("id", "kind", "state", "total", "done", "failed", "undone", "reason", "asked_by", "created_at")
    return {name: getattr(one, name) for name in names}


def _line(row: dict[str, Any]) -> str:
    return f"{row['id']:>6}  {row['kind']:8} {row['state']:9} {row['done'] + row['failed']:>7} of {row['total']:>7}"
