"""Measure the billing run beside its limit (set-based SQL on the same schema) and beside the usual way (an ORM loop).

Each figure is taken in a process of its own on a fresh database, so that memory is that of the run alone:
`python -m billhead.bench.billing_run WHAT URL COUNT` is such a process.
"""

import json
import os
import resource
import shutil
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
from sqlalchemy.orm import configure_mappers

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
    which databases may be created. With several workers the run is shared by that many processes, each with its part
    of the customers, and `times_one_worker` sets that beside one.
    """
    rows = [_measured(url, count, workers) for count in counts]
    found: dict[str, Any] = {"database": make_url(url).get_backend_name(), "cores": os.cpu_count(), "runs": rows}
    if len(rows) > 1:
        first, last = rows[0], rows[-1]
        found["times_the_first"] = {
            "subscriptions": round(last["count"] / first["count"], 1),
            "seconds": round(last["seconds"] / first["seconds"], 1),
            "peak_mb_more": last["peak_mb"] - first["peak_mb"],
        }
    return found


def _measured(url: str, count: int, workers: int) -> dict[str, Any]:
    """Built once; each figure is taken on a copy, so that all begin with the same pages."""
    with _database(url) as built, _database(url) as small:
        _process("build", built, count)
        pure = _on_copy(url, built, "pure", count)
        run = _on_copy(url, built, "run", count, workers)
        alone = _on_copy(url, built, "run", count) if workers > 1 else run
        orm_count = min(count, _ORM_COUNT)
        _process("build", small, orm_count)
        orm = json.loads(_process("orm", small, orm_count))
    return {
        "count": count,
        "workers": workers,
        "seconds": round(run["seconds"], 2),
        "per_second": run["per_second"],
        "pure_sql_per_second": pure["per_second"],
        "orm_loop_per_second": orm["per_second"],
        "of_the_limit": round(run["per_second"] / pure["per_second"], 2),
        "times_the_orm_loop": round(run["per_second"] / orm["per_second"], 1),
        "times_one_worker": round(run["per_second"] / alone["per_second"], 2),
        "statements_per_1000": run["statements_per_1000"],
        "peak_mb": run["peak_mb"],
        "mb_before": run["mb_before"],
    }


def _on_copy(url: str, built: str, what: str, count: int, workers: int = 1) -> dict[str, Any]:
    with _database(url, built) as fresh:
        commands = [_command(what, fresh, count, workers, part) for part in range(workers)]
        running = [subprocess.Popen(command, stdout=subprocess.PIPE) for command in commands]
        found: list[dict[str, Any]] = []
        for process in running:
            output = process.communicate()[0]
            if process.returncode:
                raise RuntimeError(f"the process that measured {what} of {count} ended with {process.returncode}")
            found.append(json.loads(output))
    slowest = max(one["seconds"] for one in found)
    billed = sum(one["billed"] for one in found)
    if billed != count:
        raise RuntimeError(f"{billed} of {count} subscriptions were billed: the figure would be worth nothing")
    peak = max(one.get("peak_mb", 0) for one in found)
    return {**found[0], "seconds": slowest, "per_second": round(count / slowest), "peak_mb": peak}


def _command(what: str, url: str, *numbers: int) -> list[str]:
    return [sys.executable, "-m", __name__, what, url, *map(str, numbers)]


def _process(what: str, url: str, count: int) -> bytes:
    return subprocess.run(_command(what, url, count), stdout=subprocess.PIPE, check=True).stdout


@contextmanager
def _database(url: str, like: str = "") -> Iterator[str]:
    """The address of an empty database, or of a copy of one that nobody is connected to; dropped at the end."""
    where = make_url(url)
    if where.get_backend_name() == "sqlite":
        beside = Path(where.database).parent if where.database else None
        with tempfile.TemporaryDirectory(dir=beside, prefix="billhead-bench-") as folder:
            if like:
                shutil.copy(make_url(like).database or "", f"{folder}/bench.sqlite3")
            yield f"sqlite:///{folder}/bench.sqlite3"
        return
    name = f"billhead_bench_{uuid4().hex[:12]}"
    template = f" TEMPLATE {make_url(like).database}" if like else ""
    engine = create_engine(where, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}{template}"))
    try:
        yield where.set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        engine.dispose()


def _peak_mb() -> int:
    """Of this program alone: what getrusage says begins, on Linux, with what the process that started it had."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) // 1024
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


def _run(workers: int, part: int) -> dict[str, Any]:
    statements, before = _Statements(), _peak_mb()
    started = clock.perf_counter()
    report = run_billing(DUE_ON, host=OnlyTax.and_all_hooks(), partition=(part, workers))
    seconds = clock.perf_counter() - started
    return {
        "seconds": seconds,
        "billed": report.invoices,
        "statements_per_1000": round(statements.count * 1000 / report.invoices, 1),
        "peak_mb": _peak_mb(),
        "mb_before": before,
    }


def _pure() -> dict[str, Any]:
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
    return {"seconds": seconds, "billed": done}


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
        configure_mappers()  # a worker has done so long before its first run
        found = {"run": lambda: _run(workers, part), "pure": _pure, "orm": lambda: _orm(count)}
        print(json.dumps(found[what]()))  # noqa: T201 the parent process reads it


if __name__ == "__main__":
    _main(*sys.argv[1:3], *map(int, sys.argv[3:]))  # type: ignore[arg-type]
