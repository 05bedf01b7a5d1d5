"""`billhead demo`: the demo operator, put through months in minutes; and what `serve --demo` shows."""

import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import click
import waitress
from flask import Flask
from sqlalchemy import func, select

from billhead import clock
from billhead.app import create_app
from billhead.cli import show
from billhead.config import Config, load_config
from billhead.db import db, reading
from billhead.demo.aurora import SHOP_PATH
from billhead.demo.calendar import FIRST_DAY, days_since_example, is_loaded, note_loaded
from billhead.demo.everyday import Everyday
from billhead.demo.months import Months
from billhead.demo.northcable import DEMO_PASSWORD, load, point_at
from billhead.demo.panels import SandboxPanels, sandbox_panels
from billhead.demo.payers import Payers
from billhead.domain.errors import Conflict
from billhead.jobs.work import drain
from billhead.migrations.ladder import upgrade_core
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Service

_PORTS = (9101, 9102)
_DAYS_A_MONTH = 30
_DRAIN_THREADS = 3


@click.command("demo")
@click.option("--once", is_flag=True, required=True, help="Run to the end, print what came of it, and stop.")
@click.option("--months", default=6, show_default=True, type=click.IntRange(1, 36))
@click.option("--subscribers", type=click.IntRange(1), help="Take only the first rows of the file.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def command(once: bool, months: int, subscribers: int | None, as_json: bool) -> None:
    """Import NorthCable into an empty database, provision it on two sandbox panels, and bill months of it."""
    config = _own_installation(load_config())
    app = create_app(config)
    with app.app_context():
        figures = _run(app, config, months, subscribers, tell=lambda line: click.echo(line, err=True))
    show(figures, as_json)


def _own_installation(config: Config) -> Config:
    """A fresh SQLite file in a folder of its own, unless BILLHEAD_DATABASE_URL names an (empty) database."""
    home = config.home / "demo-once"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    url = config.database_url
    if config.is_sqlite:
        url = f"sqlite:///{home / 'billhead.sqlite3'}"
    return replace(config, home=home, database_url=url, port=_free_port())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _run(app: Flask, config: Config, months: int, subscribers: int | None, tell: object) -> dict[str, object]:
    assert callable(tell)
    upgrade_core(db.engine)
    _must_be_empty("name an empty one in BILLHEAD_DATABASE_URL")
    with sandbox_panels(config.home / "panels") as panels, _web(app, host=config.host, port=config.port):
        started = clock.monotonic()
        clock.move_business_clock(FIRST_DAY)
        panels.set_clock(FIRST_DAY)
        loaded = load(panels, config.home / "mail", subscribers=subscribers)
        drain(threads=_DRAIN_THREADS)
        tell(f"{loaded.subscribers} subscribers imported, {loaded.refused} rows refused, {panels.lines()} lines made")
        demo = Months(panels, Payers.of(f"{config.base_url}/account"), tell)
        demo.run(months * _DAYS_A_MONTH)
        seconds = round(clock.monotonic() - started)
        return {
            "subscribers": loaded.subscribers,
            "rows_refused": loaded.refused,
            **demo.figures(),
            "until": f"{clock.business_now():%Y-%m-%d}",
            "seconds": seconds,
        }


def _must_be_empty(hint: str) -> None:
    with reading() as session:
        if session.scalar(select(func.count()).select_from(Seller)):
            raise Conflict("this database is not empty", hint=hint)


@contextmanager
def _web(app: Flask, **where: object) -> Iterator[None]:
    """The web server, for the callbacks of the card processor; `where` as waitress has it."""
    server = waitress.create_server(app, threads=4, **where)
    thread = threading.Thread(target=server.run, name="billhead-web", daemon=True)
    thread.start()
    try:
        yield
    finally:
        # connections that a client keeps alive would keep the loop going: the thread is a daemon and may be left
        server.close()
        thread.join(timeout=0.5)


@contextmanager
def demo_environment(app: Flask, sock: socket.socket) -> Iterator[list[str]]:
    """For `serve --demo`: run the sandbox panels, load NorthCable on the first start, and say where to look. `sock` is
    bound to where it will be served.

    A part of the operator lives through the month before today first, so that there are invoices, payments and debts to
    look at. All days of the example data are moved to today: the demo looks the same whenever it is loaded.
    """
    config: Config = app.extensions["billhead"].config
    with sandbox_panels(config.home / "panels", _ports()) as panels, app.app_context():
        if is_loaded(config.home):
            point_at(panels)
        else:
            _must_be_empty(f"a start that was broken off, or no demo: remove {config.home}, and start again")
            click.echo("NorthCable is loaded, and lives through a month: this takes half a minute, once.")
            with _web(app, sockets=[sock.dup()]):
                _load_lived(config, panels)
            note_loaded(config.home)
        panels.set_clock(clock.business_now())
        yield _told(config, panels)


def _load_lived(config: Config, panels: SandboxPanels) -> None:
    today, lived = clock.business_now(), timedelta(days=_DAYS_A_MONTH)
    moved = days_since_example()

    def live(seller_id: int) -> None:
        drain(threads=_DRAIN_THREADS)
        months = Months(panels, Payers.of(f"{config.base_url}/account"), tell=click.echo)
        months.lead_up(_DAYS_A_MONTH, today, Everyday.of(seller_id).act)

    with clock.business_time(today - lived):
        panels.set_clock(today - lived)
        load(panels, config.home / "mail", lived=lived, moved=moved, live=live)


def _ports() -> tuple[int, int]:
    """The usual ports of the panels where they are free, so that addresses stay the same."""
    free = []
    for port in _PORTS:
        with socket.socket() as probe:
            taken = probe.connect_ex(("127.0.0.1", port)) == 0
        free.append(0 if taken else port)
    return free[0], free[1]


def _told(config: Config, panels: SandboxPanels) -> list[str]:
    with reading() as session:
        lines = session.scalar(select(func.count()).select_from(Service))
    return [
        f"NorthCable, {lines} lines; what there is reaches up to {clock.business_now():%d %b %Y}",
        f"  shop        {config.base_url}/",
        f"  its shop    {config.base_url}/shop/{SHOP_PATH}/   (of a reseller; viewer@aurora.example signs in there)",
        f"  customer    {config.base_url}/account    viewer@northcable.example / {DEMO_PASSWORD}",
        f"  reseller    {config.base_url}/reseller   reseller@northcable.example / {DEMO_PASSWORD}",
        f"  staff       {config.base_url}/admin      staff@northcable.example / {DEMO_PASSWORD}",
        f"  Stalker     {panels.stalker}/stalker_portal/   (sandbox)",
        f"  Xtream      {panels.xtream}/sandbox/   (sandbox)",
        f"  mail        {config.home / 'mail'}   (written to files, never sent)",
    ]
