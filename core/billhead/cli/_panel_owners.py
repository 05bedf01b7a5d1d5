"""`billhead panels`, the panel's own resellers: who they are there, what credit they have, and changing it."""

from typing import Any

import click

from billhead.actions.panels.change_owner_credits import change_owner_credits
from billhead.actions.panels.read_owners import read_owners
from billhead.cli import in_app, json_option, show
from billhead.cli._panels_named import panels_named
from billhead.domain.context import Context
from billhead.domain.money import CREDITS, Money
from billhead.plugin import Owner

__all__ = ["add_owner_commands"]


def add_owner_commands(group: click.Group) -> None:
    for command in (resellers, credit):
        group.add_command(command)


@click.command()
@click.argument("code")
@json_option
@in_app
def resellers(code: str, as_json: bool) -> None:
    """Read the panel CODE's own resellers and their credits. Exit code 1 when the panel can't be read."""
    read = read_owners(Context.system("cli:panels"), panels_named([code])[code])
    rows = [_row(owner) for owner in read.owners]
    lines = [f"{row['id']:>8}  {row['name']:24} {row['credits'] or 'no credits told':>12}" for row in rows]
    show(
        {"panel": code, "problem": read.problem, "resellers": rows}, as_json, [read.problem] if read.problem else lines
    )
    if read.problem:
        raise SystemExit(1)


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("code")
@click.argument("reseller", metavar="ID")
@click.argument("amount")
@click.option("--now", "seen", required=True, help="The credit that it has there: if another by now, nothing is sent.")
@click.option("--reason", required=True, help="Stands in the audit trail, and in the panel's log where it has one.")
@json_option
@in_app
def credit(code: str, reseller: str, amount: str, seen: str, reason: str, as_json: bool) -> None:
    """Give the reseller ID of the panel CODE credits there, or take them: AMOUNT is 50 or -20. It is sent once.

    Exit code 1 when it was refused, 2 when its outcome is not known: read the resellers again then.
    """
    ctx = Context.system("cli:panels", reason=reason)
    owner = Owner(reseller, reseller, Money.parse(seen, CREDITS).minor)
    done = change_owner_credits(ctx, panels_named([code])[code], owner, Money.parse(amount, CREDITS).minor)
    found = {"done": done.owner is not None, "in_doubt": done.in_doubt, "problem": done.problem}
    found["reseller"] = _row(done.owner) if done.owner is not None else None
    word = "NOT KNOWN: " if done.in_doubt else "refused: "
    told = f"{done.owner.name} has {_row(done.owner)['credits']} now" if done.owner else f"{word}{done.problem}"
    show(found, as_json, [told])
    if done.owner is None:
        raise SystemExit(2 if done.in_doubt else 1)


def _row(owner: Owner) -> dict[str, Any]:
    credits = None if owner.credits_minor is None else f"{Money(owner.credits_minor, CREDITS).decimal():f}"
    return {"id": owner.remote_id, "name": owner.name, "credits": credits}
