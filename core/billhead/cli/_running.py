"""What the long-running commands share: a log, a database at the newest revision, and one way to stop."""

import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import click
from flask import Flask

from billhead.db import db
from billhead.domain.errors import Conflict
from billhead.migrations.ladder import CORE, upgrade_core
from billhead.plugin_host import plugins, upgrade_plugin

__all__ = [
    "bound_socket",
    "end_with_parent",
    "leave",
    "log_to_stderr",
    "migrate_all",
    "require_migrated",
    "until_stopped",
]


def log_to_stderr() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


def migrate_all(app: Flask) -> dict[str, str]:
    """Bring the tables of core and of every plugin up to date; a plugin that can't is told and stops nobody else."""
    with app.app_context():
        revisions = {"core": upgrade_core(db.engine) or ""}
        for plugin in plugins().all():
            revision = None if plugin.broken else upgrade_plugin(db.engine, plugin)
            if revision is not None:
                revisions[plugin.name] = revision
    return revisions


def require_migrated(app: Flask) -> None:
    """Raises Conflict: of many processes none migrates by itself."""
    with app.app_context():
        stands_at, head = CORE.current(db.engine), CORE.head()
    if stands_at != head:
        raise Conflict(
            f"The database stands at {stands_at or 'no revision'}, this release needs {head}.",
            hint="Run: billhead db upgrade",
        )


def end_with_parent() -> None:
    """Stop at once when the process that started this one is gone: the other end of standard input closes then."""

    def wait() -> None:
        sys.stdin.read()
        os._exit(1)

    threading.Thread(target=wait, name="billhead-parent", daemon=True).start()


def bound_socket(host: str, port: int) -> socket.socket:
    """Take the port before anything else is started. Raises Conflict when that can't be."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as refused:
        sock.close()
        raise Conflict(
            f"Port {port} on {host} can't be used: {refused.strerror or refused}.",
            hint="Stop what listens there, or choose another: BILLHEAD_PORT=8001",
        ) from refused
    return sock


@contextmanager
def until_stopped() -> Iterator[None]:
    """Ctrl-C and SIGTERM end the block, with everything in it closed; while that goes on, more of them are ignored."""

    def stop(_signal: int, _frame: Any) -> None:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {each: signal.signal(each, stop) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        with suppress(KeyboardInterrupt):
            yield
        click.echo("Stopped.", err=True)
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def leave(*, stuck: bool) -> None:
    """A thread that hangs in a network call can't be interrupted, and Python would wait for it; its job was given
    back, so nothing is lost by leaving it behind."""
    if stuck:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
