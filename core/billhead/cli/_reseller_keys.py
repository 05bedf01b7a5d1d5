"""`billhead resellers keys` and `revoke-key`: which programs act for a reseller, and the end of one."""

import click
from sqlalchemy import select

from billhead.actions.resellers.revoke_key import revoke_key
from billhead.cli import in_app, json_option, show
from billhead.cli._reseller_tree import reseller_named, yes_option
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.models.resellers import ResellerKey

__all__ = ["add_key_commands"]


def add_key_commands(group: click.Group) -> None:
    group.add_command(keys)
    group.add_command(revoke)


@click.command()
@click.argument("code")
@json_option
@in_app
def keys(code: str, as_json: bool) -> None:
    """The keys to the API of the reseller CODE, the newest first."""
    with reading() as session:
        theirs = select(ResellerKey).where(ResellerKey.reseller_id == reseller_named(session, code).id)
        found = session.scalars(theirs.order_by(ResellerKey.id.desc())).all()
    rows = [
        {
            "key": row.id,
            "name": row.name,
            "begins": row.hint,
            "made": row.created_at.isoformat(timespec="seconds"),
            "by": row.created_by,
            "last_used": row.last_used_at.isoformat(timespec="seconds") if row.last_used_at else None,
            "revoked": row.revoked_at is not None,
        }
        for row in found
    ]
    lines = [f"{row['key']:>6} {row['begins']} {row['name']}{'  revoked' if row['revoked'] else ''}" for row in rows]
    show({"keys": rows}, as_json, lines or [f"{code} has no key."])


@click.command("revoke-key")
@click.argument("code")
@click.argument("key", type=int)
@click.option("--reason", required=True, help="Why; kept in the audit trail.")
@yes_option
@json_option
@in_app
def revoke(code: str, key: int, reason: str, yes: bool, as_json: bool) -> None:
    """End the KEY (its number in `keys`) of the reseller CODE, at once and for good."""
    with writing(Context.system("cli:resellers", reason=reason)) as tx:
        if yes:
            revoke_key(tx, reseller_named(tx.session, code).id, key)
    told = f"The key {key} opens nothing any more." if yes else "Programs that use it would be refused: say --yes."
    show({"reseller": code, "key": key, "done": yes}, as_json, [told])
