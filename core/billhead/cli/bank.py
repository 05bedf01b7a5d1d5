"""`billhead bank`: what the bank tells of transfers."""

from pathlib import Path

import click
from sqlalchemy import select

from billhead.actions.payments.import_statement import ImportedStatement, import_statement
from billhead.cli import in_app, json_option, show
from billhead.db import reading
from billhead.domain.context import Context
from billhead.domain.errors import InvalidInput, NotFound
from billhead.models.payments import GatewayAccount

__all__ = ["group"]

_LARGEST = 64 * 1024 * 1024


@click.group()
def group() -> None:
    """Bank transfers: import what the bank tells."""


@group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--account", default="", help="Code of the gateway account; without it, the one that the file tells of.")
@click.option("--dry-run", is_flag=True, help="Do all of it, show what came of it, and undo it.")
@json_option
@in_app
def import_file(file: Path, account: str, dry_run: bool, as_json: bool) -> None:
    """Take in a FILE of the bank (camt.053, camt.054): transfers are put on what they name, the rest waits for staff.

    A movement counts once: import a file again, or the statement after the notifications.
    """
    if file.stat().st_size > _LARGEST:
        raise InvalidInput("file", f"it is larger than {_LARGEST // 1024**2} MB")
    done = import_statement(Context.system("cli:bank"), file.read_bytes(), _id_of(account), dry_run=dry_run)
    show(_as_dict(done), as_json, _lines(done))


def _id_of(code: str) -> int | None:
    if not code:
        return None
    with reading() as session:
        found = session.scalar(select(GatewayAccount.id).where(GatewayAccount.code == code))
    if found is None:
        raise NotFound("payment account", code)
    return found


def _as_dict(done: ImportedStatement) -> dict[str, object]:
    entries = [
        {"reference": one.reference, "amount": str(one.amount), "payer": one.payer, "what": one.what, "why": one.why}
        for one in done.entries
    ]
    counted = {"counts": dict(done.counts), "left_out": dict(done.left_out)}
    return {"account": done.account, "dry_run": done.dry_run, **counted, "entries": entries}


def _lines(done: ImportedStatement) -> list[str]:
    told = [f"{one.what:11} {one.amount!s:>14}  {one.payer:24} {one.reference}  {one.why}" for one in done.entries]
    sums = [f"{count} {what}" for what, count in [*done.counts.items(), *done.left_out.items()]]
    return [*(line.rstrip() for line in told), f"{done.account}: {', '.join(sums) or 'nothing has moved'}"]
