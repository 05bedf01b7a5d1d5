"""What a dry run shows is what the run then does, to the cent: day after day, for the demo operator."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask

from apps import build_app, close_app
from billhead import clock
from billhead.actions.billing.run import RunReport, run_billing
from billhead.demo.northcable import load
from billhead.demo.panels import SandboxPanels
from billhead.simulate.habits import Habits
from billhead.simulate.pretend import PretendHost

TODAY = datetime(2026, 11, 22, 9, tzinfo=UTC)
NOWHERE = SandboxPanels("http://127.0.0.1:9", "http://127.0.0.1:9")


def operator(url: str, home: Path, subscribers: int | None) -> Flask:
    app = build_app(url, home)
    with app.app_context(), clock.business_time(TODAY):
        load(NOWHERE, home / "mail", subscribers=subscribers)
    billhead = app.extensions["billhead"]
    billhead.plugins = PretendHost(billhead.plugins, Habits(1, 0, 0, 0))
    return app


def told(report: RunReport) -> dict[str, object]:
    """Everything but what says which of the two it was, and whether a run would have asked: this one was confirmed."""
    found = report.as_dict()
    return {name: value for name, value in found.items() if name not in ("dry_run", "run_id", "unusual")}


def live(app: Flask, days: int) -> int:
    """Bill each day, shown before; returns how many invoices that were."""
    invoices = 0
    with app.app_context():
        for number in range(1, days + 1):
            day = date(2026, 11, 22) + timedelta(days=number)
            with clock.business_time(TODAY + timedelta(days=number)):
                shown, done = run_billing(day, dry_run=True), run_billing(day, confirmed=True)
            assert told(shown) == told(done), day
            assert done.failed == 0
            again = run_billing(day, dry_run=True)
            assert (again.invoices, again.proformas) == (0, 0), day
            invoices += done.invoices
    close_app(app)
    return invoices


def test_thirty_days(database_url, tmp_path):
    assert live(operator(database_url, tmp_path, 120), 30) > 50


@pytest.mark.full
def test_four_hundred_days_of_all_subscribers(database_url, tmp_path):
    assert live(operator(database_url, tmp_path, None), 400) > 10_000
