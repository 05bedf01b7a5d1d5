"""Pitfall 35: 50,000 services: the run is streamed in batches, can go on, takes linear time; preview = real run."""

from dataclasses import replace
from datetime import date

import pytest
from billing_shop import open_shop
from sqlalchemy import event

from billhead import clock
from billhead.actions.billing.next_document import next_document
from billhead.bench.subscribers import build_operator
from billhead.db import db, reading

NOV = date(2026, 11, 1)


def statements_of(run):
    seen = []

    def note(_conn, _cursor, statement, *_):
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        run()
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return len(seen)


def test_pitfall_35_a_run_is_streamed_and_a_preview_is_what_it_writes(sqlite_url, tmp_path):
    with open_shop(sqlite_url, tmp_path, bare=True) as shop:
        build_operator(1500)
        with reading() as session:
            shown = next_document(session, 700, NOV).document
        planned = shop.run(NOV, dry_run=True, chunk_size=500)
        half = statements_of(lambda: shop.run(NOV, partition=(0, 2), chunk_size=250))
        rest = statements_of(lambda: shop.run(NOV, partition=(1, 2), chunk_size=250))
        assert abs(half - rest) <= 5  # as many again for as many again
        assert half <= 3 * 45
        assert shop.run(NOV).considered == 0
        assert planned.sums["EUR"].total == 1500 * shown.total
        assert [line[3] for line in shop.lines(700)] == [line.net_minor for line in shown.lines]


def test_pitfall_35_a_run_that_was_stopped_goes_on_where_it_was(sqlite_url, tmp_path):
    class Stopped(Exception):
        pass

    def stop(report):
        if report.considered >= 300:
            raise Stopped

    with open_shop(sqlite_url, tmp_path, bare=True) as shop:
        build_operator(900)
        with pytest.raises(Stopped):
            shop.run(NOV, chunk_size=100, progress=stop)
        rest = shop.run(NOV, chunk_size=100)
        assert (rest.considered, rest.invoices) == (600, 600)


@pytest.mark.full
def test_pitfall_35_fifty_thousand_take_ten_times_as_long_as_five_thousand(sqlite_url, bare_database_url, tmp_path):
    with open_shop(sqlite_url, tmp_path / "all", bare=True) as shop:
        build_operator(50_000)
        planned = shop.run(NOV, dry_run=True)
        marks = []
        began = clock.monotonic()
        done = shop.run(NOV, progress=lambda report: marks.append((report.considered, clock.monotonic() - began)))
        assert replace(planned, dry_run=False, run_id=done.run_id) == done
        tenth = next(seconds for considered, seconds in marks if considered >= 5_000)
        assert marks[-1][1] / tenth <= 14  # linear, with room for a busy machine
