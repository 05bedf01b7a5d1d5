"""A demo operator of a few subscribers, on either database, and its simulation."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from apps import build_app, close_app
from billhead import clock
from billhead.db import Model, db, reading, writing
from billhead.demo.northcable import load
from billhead.demo.panels import SandboxPanels
from billhead.domain.context import Context
from billhead.domain.simulation import Order, parse_payments
from billhead.simulate.rehearsal import Rehearsal

TODAY = datetime(2026, 11, 22, 9, tzinfo=UTC)
FIRST = TODAY.date()
NOWHERE = SandboxPanels("http://127.0.0.1:9", "http://127.0.0.1:9")  # nobody answers there


@dataclass
class Operator:
    app: Flask
    home: Path

    def rehearsal(self, name: str, last: date, payments: str = "history", first: date = FIRST) -> Rehearsal:
        order = Order(first, last, parse_payments(payments))
        config = self.app.extensions["billhead"].config
        made = Rehearsal(config, self.home / name, order, TODAY)
        with self.app.app_context():
            made.make_copy(db.engine, lambda said: None)
        return made

    def simulated(self, last: date, payments: str = "history", **more: Any) -> dict[str, Any]:
        made = self.rehearsal(payments.strip("%"), last, payments, **more)
        list(made.days())
        return json.loads(json.dumps(made.result()))  # plain values: it is printed, and kept as JSON

    def add(self, row: Model) -> None:
        with self.app.app_context(), writing(Context.system("test")) as tx:
            tx.session.add(row)

    def rows(self) -> dict[str, int]:
        """Table → its rows: what must not change."""
        with self.app.app_context(), reading() as session:
            tables = Model.metadata.sorted_tables
            return {table.name: session.scalar(select(func.count()).select_from(table)) or 0 for table in tables}


@pytest.fixture
def operator(database_url: str, tmp_path: Path) -> Iterator[Operator]:
    yield from _operator(database_url, tmp_path)


@pytest.fixture
def small_operator(sqlite_url: str, tmp_path: Path) -> Iterator[Operator]:
    yield from _operator(sqlite_url, tmp_path, 20)


@pytest.fixture
def whole_operator(sqlite_url: str, tmp_path: Path) -> Iterator[Operator]:
    yield from _operator(sqlite_url, tmp_path, None)


def _operator(url: str, home: Path, subscribers: int | None = 60) -> Iterator[Operator]:
    app = build_app(url, home)
    with app.app_context(), clock.business_time(TODAY):
        load(NOWHERE, home / "mail", subscribers=subscribers)
    yield Operator(app, home)
    close_app(app)
