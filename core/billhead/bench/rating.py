"""Measure rating: a month of viewing events into what each subscriber owes, in the database and in columns.

Each figure is taken in a process of its own, so that memory is that of the work alone:
`python -m billhead.bench.rating WHAT PATH EVENTS SUBSCRIBERS` is such a process. Both engines must come to the
same sums.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask

from billhead import clock
from billhead.actions.usage._columnar import columnar, rate_columns
from billhead.actions.usage._lines import start_of
from billhead.actions.usage._shapes import Metered, Totals, Window
from billhead.actions.usage._totals import read_totals
from billhead.actions.usage.import_events import BATCH
from billhead.actions.usage.rate_usage import rate_usage
from billhead.actions.usage.record_events import LineBook, record_events
from billhead.bench.subscribers import build_operator
from billhead.db import db, init_db, reading, writing
from billhead.domain.context import Context
from billhead.domain.usage import terms_from
from billhead.domain.usage_charge import allowance_steps
from billhead.migrations import upgrade_core
from billhead.models.usage import UsageMetric
from billhead.plugin import UsageReading

__all__ = ["measure_rating"]

_START, _END = date(2026, 11, 1), date(2026, 12, 1)
_ZONE = "UTC"
_SECONDS = 30 * 86_400
_CHUNK = 5000
_TERMS = terms_from(
    {
        "pricing": "graduated",
        "currency": "EUR",
        "tiers": [{"up_to": "3000", "unit": "0.002"}, {"unit": "0.0015"}],
        "included": "600",
        "cap": "15",
    }
)
_METERED = Metered(1, "minutes", "Viewing time", "minutes", "sum", 0, _TERMS)


def measure_rating(events: int, subscribers: int, columns: bool) -> dict[str, Any]:
    """Seconds and memory of ingest with dedupe, of rating on SQLite, and (`columns`) of rating through DuckDB beside
    its bare aggregate. Raises RuntimeError where two engines come to different sums."""
    with tempfile.TemporaryDirectory(prefix="billhead-bench-") as folder:
        path = str(Path(folder) / "bench.sqlite3")
        _measured("build", path, events, subscribers)
        found: dict[str, Any] = {
            "events": events,
            "subscribers": subscribers,
            "cores": os.cpu_count(),
            "ingest": _measured("ingest", path, events, subscribers),
            "sqlite": _measured("sqlite", path, events, subscribers),
        }
        if columns:
            found["duckdb"] = _measured("duckdb", path, events, subscribers)
            if found["duckdb"]["sums"] != found["sqlite"]["sums"]:
                raise RuntimeError(f"the engines disagree: {found['sqlite']['sums']} and {found['duckdb']['sums']}")
    return found


def _measured(what: str, path: str, events: int, subscribers: int) -> dict[str, Any]:
    command = [sys.executable, "-m", __name__, what, path, str(events), str(subscribers)]
    output = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    found: dict[str, Any] = json.loads(output)
    return found


def _readings(events: int, subscribers: int, first: int, last: int) -> list[UsageReading]:
    """Events in the order of time; every hundredth is told a second time. DuckDB makes the same ones by `_SAME`."""
    begin = datetime(_START.year, _START.month, _START.day, tzinfo=UTC)
    found = []
    for i in range(first, last):
        whose = f"login:u{(i * 7919 + i // 1000 * 31) % subscribers + 1}"
        at = begin + timedelta(seconds=i * _SECONDS // events)
        found.append(UsageReading(f"stalker-{i:012d}", whose, "minutes", i * 13 % 89 + 1, at))
        if i % 100 == 99:
            found.append(found[-1])
    return found


_SAME = (
    "SELECT (i * 7919 + i // 1000 * 31) % {subscribers} + 1 AS subscription_id, 1 AS metric_id, "
    '{start} + i * {seconds} // {events} AS "at", i * 13 % 89 + 1 AS quantity FROM range({events}) AS t (i)'
)


def _build(subscribers: int) -> dict[str, Any]:
    upgrade_core(db.engine)
    build_operator(subscribers)
    with writing(Context.system("bench")) as tx:
        about = {"code": "minutes", "name": "Viewing time", "aggregation": "sum"}
        tx.session.add(UsageMetric(id=1, seller_id=1, unit="minutes", **about))
    return {}


def _ingest(events: int, subscribers: int) -> dict[str, Any]:
    """Only recording is timed: what a panel's log looks like is its module's affair."""
    book, taken, accepted, told = LineBook(), _Watch(), 0, 0
    with clock.business_time(datetime(2026, 12, 2, tzinfo=UTC)):
        for first in range(0, events, BATCH):
            readings = _readings(events, subscribers, first, min(first + BATCH, events))
            with taken, writing(Context.system("bench")) as tx:
                recorded = record_events(tx, "panel", readings, book=book)
            accepted, told = accepted + recorded.accepted, told + len(readings)
    if accepted != events:
        raise RuntimeError(f"{accepted} of {events} events were taken: the figure would be worth nothing")
    rates = {"per_second": round(told / taken.seconds), "per_cpu_second": round(told / taken.cpu)}
    return {**taken.figures(), **rates, "told": told, "accepted": accepted}


def _windows(numbers: Sequence[int]) -> list[Window]:
    span = (_START, _END, start_of(_START, _ZONE), start_of(_END, _ZONE), 30, 30, allowance_steps(_TERMS, 0))
    return [Window(n, n, 1, 1, _METERED, *span) for n in numbers]


def _chunks(subscribers: int) -> Iterator[Sequence[int]]:
    for first in range(1, subscribers + 1, _CHUNK):
        yield range(first, min(first + _CHUNK, subscribers + 1))


def _sqlite(subscribers: int) -> dict[str, Any]:
    sums = [0, 0, 0, 0]
    with _Watch() as taken:
        for numbers in _chunks(subscribers):
            windows = _windows(numbers)
            with reading() as session:
                totals = read_totals(session, windows)
            _add(sums, windows, totals)
    return {**taken.figures(), "sums": sums}


def _add(sums: list[int], windows: Sequence[Window], totals: Sequence[Totals]) -> None:
    """Events, quantity, money, and money weighted by subscriber: equal only if everybody's is."""
    for one in rate_usage(zip(windows, totals, strict=True)):
        sums[0] += one.events
        sums[1] += one.used
        sums[2] += one.amount_minor
        sums[3] += one.amount_minor * one.window.subscription_id


def _duckdb(events: int, subscribers: int) -> dict[str, Any]:
    connection = columnar()
    start, end = start_of(_START, _ZONE), start_of(_END, _ZONE)
    same = _SAME.format(subscribers=subscribers, events=events, seconds=_SECONDS, start=start)
    connection.execute(f"CREATE TABLE usage_event AS {same}")
    bare = (
        "SELECT subscription_id, count(*), sum(quantity) FROM usage_event "
        'WHERE "at" >= ? AND "at" < ? AND metric_id = 1 GROUP BY subscription_id'
    )
    windows = _windows(range(1, subscribers + 1))
    alone, rated = [], []
    for _ in range(5):  # both by turns: what else the machine does meets both
        with _Watch() as taken:
            connection.execute(bare, [start, end]).fetchall()
        alone.append(taken)
        with _Watch() as taken:
            charges = rate_columns(connection, "usage_event", windows)
        rated.append(taken)
        sums = [0, 0, 0, 0]
        for who, _, events_of_one, used, minor in charges:
            sums[0] += events_of_one
            sums[1] += used
            sums[2] += minor
            sums[3] += minor * who
    best, least = (min(found, key=lambda one: one.seconds) for found in (rated, alone))
    times = {
        "times_bare": round(best.seconds / least.seconds, 2),
        "times_bare_cpu": round(min(one.cpu for one in rated) / min(one.cpu for one in alone), 2),
    }
    return {**best.figures(), "bare_seconds": round(least.seconds, 2), **times, "sums": sums}


class _Watch:
    """The time of its blocks: on the wall, and what this process had of the processors, which a busy machine leaves as
    it is."""

    def __init__(self) -> None:
        self.seconds = self.cpu = 0.0

    def __enter__(self) -> "_Watch":
        self._began = clock.perf_counter(), self._processors()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds += clock.perf_counter() - self._began[0]
        self.cpu += self._processors() - self._began[1]

    @staticmethod
    def _processors() -> Any:
        used = resource.getrusage(resource.RUSAGE_SELF)
        return used.ru_utime + used.ru_stime

    def figures(self) -> dict[str, Any]:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        return {"seconds": round(self.seconds, 2), "cpu_seconds": round(self.cpu, 2), "peak_mb": peak}


def _main(what: str, path: str, events: int, subscribers: int) -> None:
    app = Flask("bench")
    init_db(app, f"sqlite:///{path}")
    with app.app_context():
        found = {
            "build": lambda: _build(subscribers),
            "ingest": lambda: _ingest(events, subscribers),
            "sqlite": lambda: _sqlite(subscribers),
            "duckdb": lambda: _duckdb(events, subscribers),
        }
        print(json.dumps(found[what]()))  # noqa: T201 the parent process reads it


if __name__ == "__main__":
    _main(*sys.argv[1:3], *map(int, sys.argv[3:]))  # type: ignore[arg-type]
