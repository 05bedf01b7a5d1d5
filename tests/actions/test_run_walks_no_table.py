"""A run's statements find their rows by an index: a million due take ten times as long as a hundred thousand."""

import re
import sqlite3

from sqlalchemy import event

from apps import build_app, close_app
from billhead.actions.billing.run import run_billing
from billhead.bench.subscribers import DUE_ON, OnlyTax, build_operator
from billhead.db import db

# A row for each customer, subscription or document; what is left out is as long as the catalogue or the run's chunk.
_LONG = ("subscription", "subscription_component", "customer", "customer_credit", "coupon_redemption", "service",
         "document", "document_line", "allocation", "coupon_use", "ledger_entry", "ledger_posting", "job", "event",
         "event_delivery")  # fmt: skip


def test_a_run_reads_only_what_it_bills(sqlite_url, tmp_path):
    app = build_app(sqlite_url, tmp_path / "home")
    with app.app_context():
        build_operator(300)
        said: list[str] = []
        event.listen(db.engine, "checkout", lambda raw, *_: raw.set_trace_callback(said.append))
        db.engine.dispose()
        run_billing(DUE_ON, host=OnlyTax.and_all_hooks())
        close_app(app)
        plans = _plans(sqlite_url.removeprefix("sqlite:///"), set(said))
    walked = {one: steps for one, steps in plans.items() if any(map(_walks, steps))}
    assert len(plans) > 20
    assert walked == {}


def _plans(file: str, statements: set[str]) -> dict[str, list[str]]:
    with sqlite3.connect(file) as connection:
        return {
            one: [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {one}")]
            for one in statements
            if re.match(r"(?i)\s*(select|insert|update|with|delete)", one)
        }


def _walks(step: str) -> bool:
    return any(re.match(rf"SCAN {table}\b", step) for table in _LONG) or "ix_job_due" in step
