"""`billhead panels`, one line of a panel: try it as its own box or player."""

from dataclasses import asdict

import click
from sqlalchemy import select

from billhead.actions.access.prove_line import prove_line
from billhead.cli import in_app, json_option, show
from billhead.db import reading
from billhead.domain.context import Context
from billhead.domain.errors import Conflict, NotFound
from billhead.models.subscriptions import Service

__all__ = ["add_line_commands"]

_WORDS = {True: "as it should be", False: "NOT as it should be", None: "not known"}


def add_line_commands(group: click.Group) -> None:
    group.add_command(try_line)


@click.command("try")
@click.argument("reference")
@click.option("--disturb", is_flag=True, help="Also where a device that is on has to sign in again after it.")
@json_option
@in_app
def try_line(reference: str, disturb: bool, as_json: bool) -> None:
    """Ask a panel as the box or player of a line would: is it let in? REFERENCE is ours on the panel, or the login.

    Exit code 1 when the answer is not as it should be, or is not known.
    """
    proven = prove_line(Context.system("cli:panels"), _line(reference), disturb=disturb)
    found = {"right": proven.right, "should_serve": proven.should_serve, **asdict(proven.proof)}
    facts = [f"  {label}: {value}" for label, value in proven.proof.facts.items()]
    show(found, as_json, [f"{reference}: {_WORDS[proven.right]}: {proven.proof.said}", *facts])
    if not proven.right:
        raise SystemExit(1)


def _line(reference: str) -> int:
    row = Service
    with reading() as session:
        named = select(row.id).where((row.handle == reference.lower()) | (row.login == reference))
        found = session.scalars(named.where(row.lifecycle == "wanted").limit(2)).all()
    if not found:
        raise NotFound("line", reference)
    if len(found) > 1:
        raise Conflict(f"several lines are called {reference}", hint="name it by its reference on the panel")
    return found[0]
