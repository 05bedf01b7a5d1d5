"""Measure a panel's reconcile and the convergence of many changed lines, against the sandbox panel in its own process.

Every figure is taken in a process of its own on a fresh SQLite database: `python -m billhead.bench.panels WHAT HOME URL
…` is such a process. The lines are made by the sandbox, and taken as ours as they stand.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import date, timedelta
from time import sleep
from typing import Any

from sqlalchemy import func, insert, select

from billhead import clock
from billhead.actions.panels.save_panel import MOST_NIGHTS
from billhead.actions.provisioning._our_side import batches
from billhead.actions.provisioning._queue import queue_converge
from billhead.actions.provisioning.reconcile import reconcile_panel
from billhead.bench.sandbox_panel import (
    CTX,
    bench_app,
    calls_of,
    measured_process,
    peak_memory,
    sandbox_panel,
)
from billhead.db import Tx, db, reading, writing
from billhead.jobs.work import drain
from billhead.migrations import upgrade_core
from billhead.models.catalogue import Bouquet, Plan
from billhead.models.operations import Job
from billhead.models.panels import Panel, PanelBouquet
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Service, Subscription
from billhead.plugin_host import panel_connection, plugins, store_settings, vault

__all__ = ["measure_converge", "measure_reconcile"]

_API_KEY = "0123456789abcdef0123456789abcdef"
_EVERY_HUNDREDTH = 100


def measure_reconcile(lines: int) -> dict[str, Any]:
    """Compare a panel of so many lines, of which one in a hundred differs: seconds, calls, peak memory."""
    with tempfile.TemporaryDirectory(prefix="billhead-bench-") as home, sandbox_panel(home, lines) as url:
        measured_process(__name__, "build", home, url, 1)
        calls_of(url, forget=True)
        found = json.loads(measured_process(__name__, "reconcile", home, url))
        return {**found, "calls": calls_of(url)}


def measure_converge(lines: int, panels: int, workers: int) -> dict[str, Any]:
    """Bring so many changed lines in step, over several panels; the first worker process is killed half-way.

    Writes to one panel are serial, so what a panel is asked a second is bounded by how fast it answers.
    """
    with tempfile.TemporaryDirectory(prefix="billhead-bench-") as home, sandbox_panel(home, lines) as url:
        measured_process(__name__, "build", home, url, panels)
        measured_process(__name__, "change", home, url)
        calls_of(url, forget=True)
        _killed_half_way(home, url, workers, lines)
        at_the_kill = calls_of(url)
        found = json.loads(measured_process(__name__, "drain", home, url, workers))
        calls = calls_of(url) - at_the_kill
        a_panel = round(calls / panels / max(found["seconds"], 1))
        return {**found, "panels": panels, "workers": workers, "calls": calls, "calls_a_second_and_panel": a_panel}


def _killed_half_way(home: str, url: str, workers: int, lines: int) -> None:
    command = [sys.executable, "-m", __name__, "drain", home, url, str(workers)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as worker, bench_app(home).app_context():
        while worker.poll() is None:
            with reading() as session:
                done = session.scalar(select(func.count()).select_from(Job).where(Job.state == "done")) or 0
            if done * 2 >= lines:
                os.kill(worker.pid, signal.SIGKILL)
                break
            sleep(0.05)


def _build(url: str, panels: int) -> None:
    """The sandbox's lines, shared out among so many panels of ours, each wanted as it stands."""
    upgrade_core(db.engine)
    with writing(CTX) as tx:
        seller = Seller(code="bench", name="Bench", legal_name="Bench", country="FI", currency="EUR")
        tx.session.add(seller)
        tx.session.flush()
        settings = {"url": f"{url}/sandbox/", "api_key": _API_KEY}
        # a few hundred lines read one by one beside the list: how many more it is at home, the operator says
        place = {"seller_id": seller.id, "module": "xtream", "bouquet_nights": MOST_NIGHTS}
        rows = [Panel(code=f"p{n}", name=f"P{n}", **place) for n in range(panels)]
        for row in rows:
            store_settings(plugins().module("xtream").settings_type, row, settings)
            row.managed = {"note": "accept"}
        today = date(2026, 1, 1)
        person = {"seller_id": seller.id, "currency": "EUR", "created_at": clock.now()}
        customer = Customer(name="Everybody", email="", country="FI", **person)
        plan = Plan(seller_id=seller.id, code="tv", name="TV", kind="stream")
        tx.session.add_all([*rows, customer, plan])
        tx.session.flush()
        subscription = Subscription(
            customer_id=customer.id, plan_id=plan.id, state="active", term="1 month", anchor=today, started_on=today,
            zone="UTC", **person,
        )  # fmt: skip
        tx.session.add(subscription)
        tx.session.flush()
        panel_ids, subscription_id = [row.id for row in rows], subscription.id
        connection = panel_connection(rows[0])
        bouquets = _sold(tx, rows, list(plugins().module("xtream").catalogue(connection).bouquets))
    number = 0
    for batch in batches(plugins().module("xtream").list_lines(connection)):
        values = []
        for line in batch:
            number += 1
            seen = line.observed
            values.append(
                {
                    "subscription_id": subscription_id,
                    "panel_id": panel_ids[number % panels],
                    "kind": line.kind.value,
                    "handle": f"b{number:09}",
                    "handle_data": dict(seen.handle_data),
                    "login": seen.login,
                    "password": vault().encrypt(str(seen.password)),
                    "desired_bouquets": [bouquets[int(str(seen.login)[-6:]) % len(bouquets)]],
                    "desired_connections": seen.connections,
                    "desired_expires_at": seen.expires_at,
                    "desired_blocked": number % _EVERY_HUNDREDTH == 0,
                    "converged_version": 1,
                    "sync": "ok",
                    "told_at": clock.now(),
                }
            )
        with writing(CTX) as tx:
            tx.session.execute(insert(Service), values)


def _sold(tx: Tx, panels: Sequence[Panel], names: Sequence[str]) -> list[int]:
    """The panels' bouquets, each sold under its own name. The sandbox gives one to each line, in turn."""
    sold = [Bouquet(seller_id=panels[0].seller_id, code=f"b{name}", name=name) for name in names]
    tx.session.add_all(sold)
    tx.session.flush()
    tx.session.add_all(
        PanelBouquet(panel_id=row.id, bouquet_id=one.id, remote=one.name) for row in panels for one in sold
    )
    return [one.id for one in sold]


def _reconcile() -> dict[str, Any]:
    with reading() as session:
        panel_id = session.scalar(select(Panel.id).order_by(Panel.id)) or 0
    started = clock.perf_counter()
    report = reconcile_panel(CTX, panel_id)
    seconds = clock.perf_counter() - started
    kept = ("lines", "services", "in_step", "differences", "repairs", "held")
    return {**{name: report.as_dict()[name] for name in kept}, "seconds": round(seconds, 1), **peak_memory()}


def _change() -> None:
    """Every line is renewed by a month."""
    with reading() as session:
        ids = session.scalars(select(Service.id)).all()
    for batch in batches(ids):
        with writing(CTX) as tx:
            for service in tx.session.scalars(select(Service).where(Service.id.in_(batch))):
                assert service.desired_expires_at is not None, "built so"
                service.desired_expires_at += timedelta(days=30)
                service.desired_version += 1
                service.sync = "pending"
                queue_converge(tx, service.id, service.panel_id)


def _drain(workers: int) -> dict[str, Any]:
    """Until nothing is queued or leased: what a killed worker held comes back when its lease runs out."""
    started = clock.perf_counter()
    waiting = select(func.count()).select_from(Job).where(Job.kind == "provisioning.converge")
    while True:
        drain(threads=workers)
        with reading() as session:
            if not session.scalar(waiting.where(Job.state.in_(["queued", "running"]))):
                break
        sleep(1)
    seconds = clock.perf_counter() - started
    with reading() as session:
        behind = Service.converged_version != Service.desired_version
        lost = session.scalar(select(func.count()).select_from(Service).where(behind))
        lines = session.scalar(select(func.count()).select_from(Service))
    return {"lines": lines, "lost": lost, "seconds": round(seconds, 1), **peak_memory()}


def _main(what: str, home: str, url: str, *words: str) -> None:
    with bench_app(home).app_context():
        match what:
            case "build":
                _build(url, int(words[0]))
            case "change":
                _change()
            case "drain":
                print(json.dumps(_drain(int(words[0]))))  # noqa: T201 the measuring process reads it
            case _:
                print(json.dumps(_reconcile()))  # noqa: T201 the measuring process reads it


if __name__ == "__main__":
    _main(*sys.argv[1:])
