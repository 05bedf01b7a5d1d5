"""`billhead beat`: the scheduler of an installation with a broker."""

import click

from billhead.cli import current_app_of
from billhead.cli._workers import work_until_stopped

__all__ = ["command"]


@click.command("beat")
@click.pass_context
def command(ctx: click.Context) -> None:
    """Ask the workers every second to look for what is due. One is enough; a second one does no harm."""
    work_until_stopped(current_app_of(ctx), threads=0, scheduler=True)
