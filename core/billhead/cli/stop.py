"""`billhead stop`: the two freeze switches."""

import click

from billhead.actions.freeze import SWITCHES, set_freeze
from billhead.cli import in_app, json_option, show
from billhead.db import writing
from billhead.domain.context import Context

__all__ = ["command"]

_WAITS = {"charges": "Nobody is charged", "panels": "Nothing is written to a panel"}


@click.command("stop")
@click.argument("what", type=click.Choice(SWITCHES))
@click.option("--lift", is_flag=True, help="Let it go on; what waited is done by itself.")
@click.option("--reason", default="", help="Shown in the admin area.")
@json_option
@in_app
def command(what: str, lift: bool, reason: str, as_json: bool) -> None:
    """Stop all charges, or all writing to panels, until it is lifted again."""
    with writing(Context.system("cli:stop", reason=reason)) as tx:
        set_freeze(tx, what, not lift)
    line = f"{what}: running again." if lift else f"{_WAITS[what]} until: billhead stop {what} --lift"
    show({"switch": what, "stopped": not lift}, as_json, [line])
