"""Measure the billing run beside its limit (set-based SQL on the same schema) and beside the usual way (an ORM loop).

Each figure is taken in a process of its own on a fresh database, so that memory is that of the run alone:
`python -m billhead.bench.billing_run WHAT URL COUNT` is such a process.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from flask import Flask
from sqlalchemy import create_engine, event, insert, make_url, text

from billhead import clock
from billhead.actions.billing.run import run_billing
from billhead.actions.ledger._accounts import AccountKey, account_ids
from billhead.bench.orm_loop import run_orm_loop
from billhead.bench.pure_sql import run_pure_sql
from billhead.bench.subscribers import DUE_ON, OnlyTax, build_operator
from billhead.bulk import Bulk
from billhead.db import db, init_db, writing
from billhead.domain.context import Context
from billhead.migrations import upgrade_core
from billhead.models.documents import BillingRun
from billhead.models.sellers import NumberSeries

__all__ = ["measure"]

_ORM_COUNT = 500
_PURE_CHUNK = {"sqlite": 2000, "postgresql": 5000}


def measure(url: str, counts: Sequence[int], workers: int = 1) -> dict[str, Any]:
    """Figures for each count: subscriptions per second of run, limit and ORM loop, and the ratios between them.

    `url` names a SQLite folder's file (it is not touched, the databases stand beside it) or a PostgreSQL server on
    which databases may be created. With several workers the run is shared by that many processes.
    """
    rows = []
    for count in counts:
        pure = _measured("pure", url, count)
        run = _measured("run", url, count, workers)
        orm = _measured("orm", url, min(count, _ORM_COUNT))
        rows.append(
            {
                "count": count,
                "workers": workers,
                "per_second": run["per_second"],
                "pure_sql_per_second": pure["per_second"],
                "orm_loop_per_second": orm["per_second"],
                "of_the_limit": round(run["per_second"] / pure["per_second"], 2),
                "times_the_orm_loop": round(run["per_second"] / orm["per_second"], 1),
                "statements_per_1000": run["statements_per_1000"],
                "peak_mb": run["peak_mb"],
                "mb_before": run["mb_before"],
            }
        )
    return {"database": make_url(url).get_backend_name(), "cores": os.cpu_count(), "runs": rows}


def _measured(what: str, url: str, count: int, workers: int = 1) -> dict[str, Any]:
    with _fresh_database(url) as fresh:
        _process("build", fresh, count).check_returncode()
        started = clock.monotonic()
        if workers == 1:
            return _result(_process(what, fresh, count))
        command = [sys.executable, "-m", __name__, what, fresh, str(count), str(workers)]
        running = [subprocess.Popen([*command, str(part)], stdout=subprocess.PIPE) for part in range(workers)]
        outputs = [process.communicate()[0] for process in running]
        found = [json.loads(output) for output in outputs]
        slowest = max(one["seconds"] for one in found)
        assert clock.monotonic() - started >= slowest, "a part can't take longer than the whole"
        return {**found[0], "per_second": round(count / slowest), "peak_mb": max(one["peak_mb"] for one in found)}


def _process(what: str, url: str, count: int) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-m", __name__, what, url, str(count)], stdout=subprocess.PIPE, check=False)


def _result(process: subprocess.CompletedProcess[bytes]) -> dict[str, Any]:
    process.check_returncode()
    found: dict[str, Any] = json.loads(process.stdout)
    return found


@contextmanager
def _fresh_database(url: str) -> Iterator[str]:
    where = make_url(url)
    if where.get_backend_name() == "sqlite":
        beside = Path(where.database).parent if where.database else None
        with tempfile.TemporaryDirectory(dir=beside, prefix="billhead-bench-") as folder:
            yield f"sqlite:///{folder}/bench.sqlite3"
        return
    name = f"billhead_bench_{uuid4().hex[:12]}"
    engine = create_engine(where, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield where.set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        engine.dispose()


def _peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


class _Statements:
    """Counts what goes to the database: SQLAlchemy's statements and the bulk ones that pass it by."""

    def __init__(self) -> None:
        self.count = 0
        event.listen(db.engine, "before_cursor_execute", self._one)
        for name in ("insert", "update"):
            setattr(Bulk, name, self._counted(getattr(Bulk, name)))

    def _one(self, *_: object) -> None:
        self.count += 1

    def _counted(self, write: Any) -> Any:
        def counted(bulk: Bulk, table: str, columns: Any, rows: Sequence[Any], *more: Any, **named: Any) -> None:
            self.count += bool(rows)
            write(bulk, table, columns, rows, *more, **named)

        return counted


def _build(count: int) -> None:
    upgrade_core(db.engine)
    build_operator(count)
    if db.engine.dialect.name != "sqlite":
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))


def _run(count: int, workers: int, part: int) -> dict[str, Any]:
    statements, before = _Statements(), _peak_mb()
    started = clock.perf_counter()
    report = run_billing(DUE_ON, host=OnlyTax.and_all_hooks(), partition=(part, workers))
    seconds = clock.perf_counter() - started
    if workers == 1 and report.invoices != count:
        raise RuntimeError(f"{report.invoices} of {count} subscriptions were billed: the figure would be worth nothing")
    return {
        "seconds": seconds,
        "per_second": round(report.invoices / seconds),
        "statements_per_1000": round(statements.count * 1000 / report.invoices, 1),
        "peak_mb": _peak_mb(),
        "mb_before": before,
    }


def _pure(count: int) -> dict[str, Any]:
    """What the run would find or make itself (accounts, series, its own row) is there before."""
    with writing(Context.system("bench")) as tx:
        keys = [AccountKey(1, code, "EUR") for code in ("receivable", "deferred_revenue")]
        account_ids(
            tx.session, [*keys, *(AccountKey(1, "tax", "EUR", f"{c}:standard") for c in ("FI", "DE", "FR", "SE"))]
        )
        tx.session.execute(insert(NumberSeries).values(seller_id=1, kind="invoice", fiscal_year=2026))
        tx.session.execute(insert(BillingRun).values(as_of=DUE_ON, state="running", started_at=clock.now()))
    started = clock.perf_counter()
    with db.engine.execution_options(billhead_writer=True).connect() as connection:
        done = run_pure_sql(connection, _PURE_CHUNK[db.engine.dialect.name])
    seconds = clock.perf_counter() - started
    if done != count:
        raise RuntimeError(f"{done} of {count} subscriptions were billed: the figure would be worth nothing")
    return {"seconds": seconds, "per_second": round(done / seconds)}


def _orm(count: int) -> dict[str, Any]:
    started = clock.perf_counter()
    done = run_orm_loop(count)
    seconds = clock.perf_counter() - started
    return {"seconds": seconds, "per_second": round(done / seconds)}


def _main(what: str, url: str, count: int, workers: int = 1, part: int = 0) -> None:
    app = Flask("bench")
    init_db(app, url)
    with app.app_context():
        if what == "build":
            _build(count)
            return
        found = {"run": lambda: _run(count, workers, part), "pure": lambda: _pure(count), "orm": lambda: _orm(count)}
        print(json.dumps(found[what]()))  # noqa: T201 the parent process reads it


if __name__ == "__main__":
    _main(*sys.argv[1:3], *map(int, sys.argv[3:]))  # type: ignore[arg-type]
