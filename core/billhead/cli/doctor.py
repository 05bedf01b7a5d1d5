"""`billhead doctor`: is everything there that this installation needs?"""

from dataclasses import asdict

import click

from billhead.cli import in_app, json_option, show
from billhead.cli._checks import all_checks

__all__ = ["command"]


@click.command("doctor")
@json_option
@in_app
def command(as_json: bool) -> None:
    """Look at home, database, migrations, broker, jobs, plugins, panels, switches and clock. Exit code 1 on a fault."""
    checks = all_checks()
    healthy = all(check.ok for check in checks)
    lines = [
        f"{'ok  ' if c.ok else 'BAD '} {c.name:11} {c.says}" + ("" if c.ok else f"\n                 {c.mend}")
        for c in checks
    ]
    show({"healthy": healthy, "checks": [asdict(check) for check in checks]}, as_json, lines)
    if not healthy:
        raise SystemExit(1)
