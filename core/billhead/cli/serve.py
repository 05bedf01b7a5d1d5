"""`billhead serve`: the whole house in one process: web, worker and scheduler, migrated at the start."""

from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from socket import socket
from typing import Any

import click
import waitress
from flask import Flask
from sqlalchemy import exists, select

from billhead.actions.setup.make_code import make_code
from billhead.cli._running import bound_socket, leave, log_to_stderr, migrate_all, until_stopped
from billhead.config import Config, load_config
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.jobs.embedded import EmbeddedWorkers, only_process
from billhead.models.people import User

__all__ = ["command"]

_PATIENCE = 0.5  # seconds for requests that are being answered when the server stops


@click.command("serve")
@click.option("--demo", is_flag=True, help="Load the demo operator on the first start, and run two sandbox panels.")
@click.option("--threads", default=8, show_default=True, type=click.IntRange(1, 64), help="Requests at a time.")
@click.option("--jobs", default=4, show_default=True, type=click.IntRange(1, 32), help="Jobs at a time.")
def command(demo: bool, threads: int, jobs: int) -> None:
    """Serve web, worker and scheduler from this process; Ctrl-C stops all of it.

    With BILLHEAD_BROKER_URL set to Redis or RabbitMQ it serves the web alone: run `billhead worker` beside it.
    """
    log_to_stderr()
    workers: list[EmbeddedWorkers] = []
    with until_stopped():
        _serve(load_config(), demo=demo, threads=threads, jobs=jobs, workers=workers)
    leave(stuck=any(w.stuck for w in workers))


def _serve(config: Config, *, demo: bool, threads: int, jobs: int, workers: list[EmbeddedWorkers]) -> None:
    from billhead.app import create_app  # late: --help needs nothing of it

    with ExitStack() as running:
        sock = running.enter_context(bound_socket(config.host, config.port))
        config = replace(config, port=sock.getsockname()[1])
        running.enter_context(only_process(config.home))
        app = create_app(config)
        migrate_all(app)
        lines = _demo(app, sock, running) if demo else []
        if config.embedded:
            workers.append(_workers(app, jobs))
            running.enter_context(app.app_context())
            running.enter_context(workers[0])
        server: Any = waitress.create_server(app, sockets=[sock], threads=threads, ident="billhead")
        server.task_dispatcher.shutdown = partial(server.task_dispatcher.shutdown, timeout=_PATIENCE)
        for line in [*_addresses(app, config), *lines]:
            click.echo(line)
        server.run()


def _demo(app: Flask, sock: socket, running: ExitStack) -> list[str]:
    from billhead.cli.demo import demo_environment  # late: only the demo needs the sandbox plugin

    return running.enter_context(demo_environment(app, sock))


def _workers(app: Flask, jobs: int) -> EmbeddedWorkers:
    return EmbeddedWorkers(app.extensions["billhead"].celery, threads=jobs)


def _addresses(app: Flask, config: Config) -> list[str]:
    with app.app_context(), reading() as session:
        has_staff = session.scalar(select(exists().where(User.role == "staff")))
    lines = [f"Billhead serves on {config.base_url}/   (Ctrl-C stops it)", f"  home        {config.home}"]
    if not config.embedded:
        lines.append("  jobs        are done by `billhead worker`, through the broker")
    if not has_staff:
        with app.app_context(), writing(Context.system("serve")) as tx:
            made = make_code(tx).code
        page = f"{config.base_url}/setup"
        lines.append(f"  Nobody can sign in yet. Open {page} with the one-time code {made}, or run: billhead setup")
    return lines
