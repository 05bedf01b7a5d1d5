"""`billhead demo --once`: NorthCable on two sandbox panels, over HTTP, through months of billing, faults included."""

import json
import os
import socket
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from apps import build_app, close_app
from billhead import clock
from billhead.actions.ledger.verify import verify_ledger
from billhead.cli.demo import demo_environment
from billhead.db import reading
from billhead.demo.calendar import FIRST_DAY
from billhead.models.documents import Document
from billhead.models.ledger import LedgerEntry
from billhead.models.payments import Payment
from billhead.models.people import User
from billhead.models.subscriptions import Subscription

ROOT = Path(__file__).parents[2]


def demo(home: Path, *options: str) -> dict[str, Any]:
    environment = {**os.environ, "BILLHEAD_HOME": str(home)}
    environment.pop("BILLHEAD_DATABASE_URL", None)
    command = [sys.executable, "-m", "billhead", "demo", "--once", "--json", *options]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def is_sound(figures: dict[str, Any]) -> None:
    assert figures["ledger_verified"] is True
    assert figures["panel_differences"] == 0
    assert set(figures["services"]) == {"ok"}
    assert set(figures["jobs"]) <= {"done", "queued"}
    assert figures["payments"]["count"] > 0


def test_a_month_of_forty_subscribers(tmp_path):
    figures = demo(tmp_path, "--subscribers", "40", "--months", "1")
    is_sound(figures)
    assert figures["subscribers"] == 40 - figures["rows_refused"]
    assert figures["outage"]["panels_down"] == 2


def test_what_make_run_shows_has_a_month_behind_it(sqlite_url, tmp_path, monkeypatch):
    """The first ninety rows: three of them are there since 23 October, the viewer's the first."""
    example, short = ROOT / "examples" / "northcable", tmp_path / "examples" / "northcable"
    short.mkdir(parents=True)
    (short / "catalog.toml").write_bytes((example / "catalog.toml").read_bytes())
    rows = (example / "subscribers.csv").read_bytes().splitlines(keepends=True)[:91]
    (short / "subscribers.csv").write_bytes(b"".join(rows))
    monkeypatch.chdir(tmp_path)
    with socket.socket() as sock, clock.business_time(FIRST_DAY):
        sock.bind(("127.0.0.1", 0))
        app = build_app(sqlite_url, tmp_path / "home", port=sock.getsockname()[1])
        with demo_environment(app, sock), app.app_context(), reading() as session:
            assert clock.business_now().date() == FIRST_DAY.date()
            first = FIRST_DAY.date() - timedelta(days=30)
            days = session.scalars(select(LedgerEntry.day).join(Payment, Payment.entry_id == LedgerEntry.id)).all()
            assert days
            assert first <= min(days) <= max(days) <= FIRST_DAY.date()
            viewer = session.scalar(select(User.customer_id).where(User.email == "viewer@northcable.example"))
            assert session.scalar(select(Document.id).where(Document.customer_id == viewer).limit(1))
            starts = session.execute(select(Subscription.external_ref, Subscription.started_on)).all()
            assert len(starts) == len(dict(starts)) > 80
            assert verify_ledger(session).verified
        close_app(app)


@pytest.mark.full
def test_six_months_of_all_subscribers(tmp_path):
    figures = demo(tmp_path)
    is_sound(figures)
    assert figures["subscribers"] == 2000
    assert figures["suspended"] > 0
    assert figures["restored"] > 0
    assert figures["failures_healed"] > 0
