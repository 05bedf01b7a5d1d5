"""`billhead worker`: does the jobs of an installation with a broker, in as many processes as there is work for."""

import click

from billhead.cli import current_app_of
from billhead.cli._workers import work_until_stopped

__all__ = ["command"]


@click.command("worker")
@click.option("--jobs", default=8, show_default=True, type=click.IntRange(1, 64), help="Jobs at a time.")
@click.option("--beat", is_flag=True, help="Be the scheduler as well; enough where there is one worker.")
@click.pass_context
def command(ctx: click.Context, jobs: int, beat: bool) -> None:
    """Do jobs until stopped. What runs then may end; what does not end in time is given back."""
    work_until_stopped(current_app_of(ctx), threads=jobs, scheduler=beat)
