"""What `worker` and `beat` do: the threads of jobs/workers.py, in a process of their own."""

import threading

import click
from flask import Flask

from billhead.cli._running import leave, log_to_stderr, require_migrated, until_stopped
from billhead.config import Config
from billhead.domain.errors import Conflict, InvalidInput
from billhead.jobs.workers import Workers

__all__ = ["work_until_stopped"]

_LOOK_EVERY = 1.0


def work_until_stopped(app: Flask, *, threads: int, scheduler: bool) -> None:
    """Raises InvalidInput without a broker that reaches other processes, Conflict when the broker was lost for good."""
    config: Config = app.extensions["billhead"].config
    if config.embedded:
        raise InvalidInput(
            "BILLHEAD_BROKER_URL",
            "memory:// reaches no other process",
            hint="Set it to redis://… or amqp://…, or let one process do everything: billhead serve",
        )
    log_to_stderr()
    require_migrated(app)
    workers = Workers(app.extensions["billhead"].celery, threads=threads, scheduler=scheduler)
    with until_stopped(), app.app_context(), workers:
        click.echo(f"Started: {threads} jobs at a time, {'with' if scheduler else 'without'} the scheduler")
        _watch(workers)
    leave(stuck=workers.stuck)


def _watch(workers: Workers) -> None:
    while workers.are_alive():
        threading.Event().wait(_LOOK_EVERY)
    raise Conflict(
        "The worker has ended by itself.", hint="Its log says why. Check BILLHEAD_BROKER_URL, start it again."
    )
