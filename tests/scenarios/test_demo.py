"""`billhead demo --once`: NorthCable on two sandbox panels, over HTTP, through months of billing, faults included."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from apps import build_app, close_app
from billhead import clock
from billhead.actions.ledger.verify import verify_ledger
from billhead.cli.demo import demo_environment
from billhead.db import reading
from billhead.demo.calendar import FIRST_DAY
from billhead.models.catalogue import Plan
from billhead.models.coupons import Coupon
from billhead.models.documents import Document
from billhead.models.helping import Announcement, HelpArticle
from billhead.models.ledger import LedgerEntry
from billhead.models.payments import Payment
from billhead.models.people import Reseller, User
from billhead.models.sellers import ExchangeRate, Seller
from billhead.models.subscriptions import Subscription
from billhead.models.support import BillDispute, Ticket
from billhead.models.usage import UsageEvent

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


@pytest.fixture
def ninety_rows(tmp_path, monkeypatch):
    """The example's first: three of them are there a month before, the viewer's the first."""
    example, short = ROOT / "examples" / "northcable", tmp_path / "examples" / "northcable"
    short.mkdir(parents=True)
    for name in ("catalog.toml", "words.csv"):
        (short / name).write_bytes((example / name).read_bytes())
    rows = (example / "subscribers.csv").read_bytes().splitlines(keepends=True)[:91]
    (short / "subscribers.csv").write_bytes(b"".join(rows))
    monkeypatch.chdir(tmp_path)


@contextmanager
def shown(sqlite_url: str, home: Path, today: datetime) -> Iterator[Session]:
    """What `make run` shows that is started on that day."""
    with socket.socket() as sock, clock.business_time(today):
        sock.bind(("127.0.0.1", 0))
        app = build_app(sqlite_url, home, port=sock.getsockname()[1])
        with demo_environment(app, sock), app.app_context(), reading() as session:
            yield session
        close_app(app)


def test_what_make_run_shows_has_a_month_behind_it(sqlite_url, tmp_path, ninety_rows):
    """Since 23 October three subscribers are there, and on 22 November all of them."""
    with shown(sqlite_url, tmp_path / "home", FIRST_DAY) as session:
        assert clock.business_now().date() == FIRST_DAY.date()
        first = FIRST_DAY.date() - timedelta(days=30)
        days = session.scalars(select(LedgerEntry.day).join(Payment, Payment.entry_id == LedgerEntry.id)).all()
        assert days
        assert first <= min(days) <= max(days) <= FIRST_DAY.date()
        viewer = session.scalar(select(User.customer_id).where(User.email == "viewer@northcable.example"))
        assert session.scalar(select(Document.id).where(Document.customer_id == viewer).limit(1))
        imported = select(Subscription.external_ref, Subscription.started_on).where(Subscription.external_ref != "")
        starts = session.execute(imported).all()
        assert len(starts) == len(dict(starts)) > 80
        assert verify_ledger(session).verified


def test_its_today_is_the_day_on_which_it_is_loaded(sqlite_url, tmp_path, ninety_rows):
    """On 1 March 2027, 99 days after the day of the example: who was paid to 2 December is paid to 11 March."""
    today = datetime(2027, 3, 1, 9, tzinfo=UTC)
    with shown(sqlite_url, tmp_path / "home", today) as session:
        assert clock.business_now().date() == today.date()
        trial = select(Subscription).where(Subscription.external_ref == "northcable:NC-00002")
        assert session.scalars(trial).one().started_on == today.date()
        assert session.scalar(select(func.max(LedgerEntry.day))) <= today.date()
        assert session.scalar(select(func.max(ExchangeRate.day))) == today.date()
        live = session.scalars(select(Plan.details).where(Plan.code == "nordic-final")).one()
        assert live["starts"].startswith("2027-03-28")
        assert verify_ledger(session).verified


def test_what_goes_on_beside_billing_is_shown_too(sqlite_url, tmp_path, ninety_rows):
    with shown(sqlite_url, tmp_path / "home", FIRST_DAY) as session:
        states = session.execute(select(Ticket.state, func.count()).group_by(Ticket.state)).all()
        assert dict(states) == {"open": 4, "answered": 1, "waiting": 1, "closed": 1}
        dispute = session.scalars(select(BillDispute)).one()
        assert (dispute.state, dispute.opened_on) == ("open", date(2026, 11, 19))
        assert session.scalar(select(func.count()).select_from(HelpArticle)) == 6
        assert session.scalar(select(func.sum(Coupon.used))) == 1
        assert session.scalar(select(func.count()).select_from(Announcement)) == 2
        rates = select(func.min(ExchangeRate.day), func.max(ExchangeRate.day))
        assert session.execute(rates).one() == (date(2026, 8, 26), date(2026, 11, 22))
        viewer = select(User.customer_id).where(User.email == "viewer@northcable.example").scalar_subquery()
        hers = select(Subscription.id).where(Subscription.customer_id == viewer)
        assert session.scalar(select(func.count()).where(UsageEvent.subscription_id.in_(hers))) == 20
        shop = session.scalars(select(Seller).where(Seller.code == "aurora-tv")).one()
        sold = select(Document.kind, Document.state).where(Document.seller_id == shop.id).order_by(Document.id)
        assert sorted(session.execute(sold).all()) == [
            ("invoice", "paid"), ("proforma", "open"), ("proforma", "settled"),
        ]  # fmt: skip
        ends = select(Subscription.paid_through).join(Reseller, Reseller.id == Subscription.payer_reseller_id)
        users = session.scalars(ends.where(Reseller.code == "aurora").order_by(Subscription.id)).all()
        assert (len(users), users[0], users[1]) == (11, date(2027, 2, 24), date(2026, 11, 25))


@pytest.mark.full
def test_six_months_of_all_subscribers(tmp_path):
    figures = demo(tmp_path)
    is_sound(figures)
    assert figures["subscribers"] == 2000
    assert figures["suspended"] > 0
    assert figures["restored"] > 0
    assert figures["failures_healed"] > 0
