"""Measure the customer area while a billing run goes on in the same process, on SQLite: the smallest installation.

The server is a process of its own (waitress, and the run in a thread, as in `billhead serve`); this one is its browser.
"""

import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from secrets import token_urlsafe
from time import sleep
from typing import Any

from waitress.server import create_server

from billhead import clock
from billhead.actions.accounts._tokens import Browser, open_session
from billhead.actions.billing.run import run_billing
from billhead.app import create_app
from billhead.bench.subscribers import DUE_ON, OnlyTax, build_operator
from billhead.config import Config
from billhead.db import db, writing
from billhead.domain.context import Context
from billhead.migrations import upgrade_core
from billhead.models.people import User
from billhead.web.request_context import COOKIE

__all__ = ["measure"]

_BETWEEN_CLICKS = 0.01
_WARM_UP, _AT_REST, _MOST = 50, 400, 20_000


def measure(count: int) -> dict[str, Any]:
    """Milliseconds of a signed-in page, at rest and while `count` subscriptions are billed."""
    with tempfile.TemporaryDirectory(prefix="billhead-bench-") as home, _server(home, count) as server:
        port, token, page = json.loads(server.stdout.readline())
        browser = _Browser(port, token, page)
        browser.get(_WARM_UP)
        at_rest = browser.get(_AT_REST)
        server.stdin.write("run\n")
        server.stdin.flush()
        done = threading.Event()
        result: list[dict[str, Any]] = []

        def wait() -> None:
            result.append(json.loads(server.stdout.readline()))
            done.set()

        threading.Thread(target=wait, daemon=True).start()
        during = browser.get(_MOST, until=done)
    return {"count": count, **result[0], "at_rest": _summary(at_rest), "during_run": _summary(during)}


def _summary(times: list[int]) -> dict[str, int]:
    """In microseconds as measured, told in milliseconds."""
    ordered = sorted(times)
    at = {"p50": 50, "p95": 95, "p99": 99}
    found = {name: round(ordered[len(ordered) * share // 100] / 1000) for name, share in at.items()}
    return {"requests": len(ordered), **found, "worst": round(ordered[-1] / 1000)}


class _Browser:
    def __init__(self, port: int, token: str, page: str) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = {"Cookie": f"{COOKIE}={token}"}
        self._page = page

    def get(self, most: int, until: threading.Event | None = None) -> list[int]:
        times: list[int] = []
        while len(times) < most and not (until is not None and until.is_set()):
            started = clock.perf_counter()
            self._connection.request("GET", self._page, headers=self._headers)
            response = self._connection.getresponse()
            body = response.read()
            times.append(round((clock.perf_counter() - started) * 1_000_000))
            if response.status != 200:
                raise RuntimeError(f"{self._page} answered {response.status}: {body[:200]!r}")
            sleep(_BETWEEN_CLICKS)
        return times


@contextmanager
def _server(home: str, count: int) -> Iterator[Any]:
    command = [sys.executable, "-m", __name__, home, str(count)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield server
        finally:
            server.kill()


def _serve(home: str, count: int) -> None:
    url = f"sqlite:///{Path(home) / 'bench.sqlite3'}"
    app = create_app(Config(home=Path(home), database_url=url, broker_url="memory://", secret_key=token_urlsafe(32)))
    with app.app_context():
        upgrade_core(db.engine)
        build_operator(count)
        token = _sign_in()
    server = create_server(app, host="127.0.0.1", port=0, threads=4)
    threading.Thread(target=server.run, daemon=True).start()
    with app.test_request_context():
        page = app.url_for("customer.documents")
    print(json.dumps([server.effective_port, token, page]), flush=True)  # noqa: T201 the browser reads it
    sys.stdin.readline()
    started = clock.perf_counter()
    with app.app_context():
        report = run_billing(DUE_ON, host=OnlyTax())
    seconds = clock.perf_counter() - started
    print(json.dumps({"billed": report.invoices, "per_second": round(report.invoices / seconds)}), flush=True)  # noqa: T201
    sys.stdin.readline()


def _sign_in() -> str:
    """A session of customer 1."""
    with writing(Context.system("bench")) as tx:
        user = User(seller_id=1, email="c1@example.com", role="customer", customer_id=1, created_at=clock.now())
        tx.session.add(user)
        tx.session.flush()
        return open_session(tx, user, Browser("127.0.0.1", "bench"))


if __name__ == "__main__":
    _serve(sys.argv[1], int(sys.argv[2]))
