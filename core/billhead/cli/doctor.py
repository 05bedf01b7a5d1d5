"""`billhead doctor`: is everything there that this installation needs?"""

import click

from billhead.actions.health._check import STATES
from billhead.actions.health.check_house import check_house
from billhead.cli import in_app, json_option, show
from billhead.domain.context import Context

__all__ = ["command"]

_MARKS = {"ok": "ok  ", "warn": "look", "bad": "BAD "}


@click.command("doctor")
@click.option("--strict", is_flag=True, help="What somebody should look at counts as a fault too.")
@json_option
@in_app
def command(strict: bool, as_json: bool) -> None:
    """Look at the machine, data, work, panels, gateways, mail and catalogue. Exit code 1 on a fault.

    The same as the page Health in the admin area, which shows what was found last.
    """
    health = check_house(Context.system("cli:doctor"))
    lines = [
        f"{_MARKS[c.state]} {c.name:11} {c.says}" + (f"\n                 {c.mend}" if c.mend else "")
        for c in health.checks
    ]
    counts = {state: health.count(state) for state in STATES}
    lines.append("{bad} faults, {warn} to look at, {ok} fine".format(**counts))
    told = {"healthy": health.healthy, "counts": counts, "checks": [check.as_dict() for check in health.checks]}
    show(told, as_json, lines)
    if not health.healthy or (strict and counts["warn"]):
        raise SystemExit(1)
