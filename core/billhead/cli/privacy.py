"""`billhead privacy`: copies of what is held about a customer, erasure, and what is over its time."""

from pathlib import Path

import click
from sqlalchemy import select

from billhead.actions.privacy._parts import parts_of
from billhead.actions.privacy._schedule import SCHEDULE, over_time
from billhead.actions.privacy.ask_erasure import ask_erasure
from billhead.actions.privacy.ask_export import ask_export
from billhead.actions.privacy.erase_customer import erase_customer
from billhead.actions.privacy.make_export import make_export
from billhead.actions.privacy.purge_old import purge_old
from billhead.actions.privacy.revoke_erasure import revoke_erasure
from billhead.cli import in_app, json_option, show
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.models.privacy import ErasureRequest

__all__ = ["group"]

_reason = click.option("--reason", required=True, help="Stands in the audit trail.")
_customer = click.argument("customer_id", type=int, metavar="CUSTOMER")


@click.group()
def group() -> None:
    """People's data: export, erase, keep, erasures, retention."""


@group.command("export")
@_customer
@click.option("--to", "path", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The ZIP to write.")
@_reason
@json_option
@in_app
def export(customer_id: int, path: Path, reason: str, as_json: bool) -> None:
    """Write a copy of all that is held about a customer, now and without a worker. They are told by mail."""
    ctx = Context.system("cli:privacy", reason=reason)
    with writing(ctx) as tx:
        export_id = ask_export(tx, customer_id).export_id
    make_export(ctx, export_id)
    with path.open("xb") as file:
        path.chmod(0o600)
        size = sum(map(file.write, parts_of(export_id)))
    show({"export_id": export_id, "file": str(path), "bytes": size}, as_json)


@group.command("erase")
@_customer
@click.option("--end-lines", is_flag=True, help="End subscriptions that still run.")
@_reason
@json_option
@in_app
def erase(customer_id: int, end_lines: bool, reason: str, as_json: bool) -> None:
    """Ask to erase a customer. It is done by the workers when the seller's days are over."""
    with writing(Context.system("cli:privacy", reason=reason)) as tx:
        made = ask_erasure(tx, customer_id, ends_lines=end_lines)
    show({"erasure_id": made.erasure_id, "due_at": made.due_at.isoformat()}, as_json)


@group.command("keep")
@_customer
@_reason
@json_option
@in_app
def keep(customer_id: int, reason: str, as_json: bool) -> None:
    """Revoke an erasure that has not begun."""
    with writing(Context.system("cli:privacy", reason=reason)) as tx:
        revoke_erasure(tx, customer_id)
    show({"customer_id": customer_id, "state": "revoked"}, as_json)


@group.command("erasures")
@json_option
@in_app
def erasures(as_json: bool) -> None:
    """The newest hundred, with what is in their way."""
    with reading() as session:
        rows = session.scalars(select(ErasureRequest).order_by(ErasureRequest.id.desc()).limit(100)).all()
    told = [
        {
            "erasure_id": row.id,
            "customer_id": row.customer_id,
            "state": row.state,
            "due_at": row.due_at.isoformat(),
            "said": row.said,
        }
        for row in rows
    ]
    lines = [f"{row.id}: customer {row.customer_id} {row.state}, due {row.due_at:%Y-%m-%d} {row.said}" for row in rows]
    show({"erasures": told}, as_json, lines or ["Nobody has asked to be forgotten."])


@group.command("continue")
@click.argument("erasure_id", type=int)
@json_option
@in_app
def go_on(erasure_id: int, as_json: bool) -> None:
    """Take the next step of an erasure that is due, without waiting for a worker."""
    stands = erase_customer(Context.system("cli:privacy"), erasure_id)
    show({"erasure_id": erasure_id, "state": stands.state, "said": stands.said}, as_json)


@group.command("retention")
@click.option("--purge", is_flag=True, help="Forget it now; the workers do it every night.")
@json_option
@in_app
def retention(purge: bool, as_json: bool) -> None:
    """How much is over its time, by kind."""
    if purge:
        done = purge_old(Context.system("cli:privacy"))
        show({"forgotten": done} if as_json else {"forgotten": sum(done.values()), **done}, as_json)
        return
    with reading() as session:
        due = {kept.code: over_time(session, kept) for kept in SCHEDULE}
    show(due, as_json)
