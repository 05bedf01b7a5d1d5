"""The sandbox panel in its own process, an empty database for it, and figures of a process that is measured."""

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from flask import Flask

from billhead.app import create_app
from billhead.config import Config
from billhead.domain.context import Context

__all__ = ["CTX", "bench_app", "calls_of", "measured_process", "peak_memory", "sandbox_panel"]

CTX = Context.system("bench")
_SECRET = "a key of the bench, for nothing else"  # noqa: S105


@contextmanager
def sandbox_panel(home: str, lines: int) -> Iterator[str]:
    command = [sys.executable, "-m", "billhead_sandbox.panel", "--port", "0", "--seed", str(lines)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as panel:
        try:
            assert panel.stdout is not None, "opened with a pipe"
            yield panel.stdout.readline().split()[-1]
        finally:
            panel.kill()


def calls_of(url: str, *, forget: bool = False) -> int:
    asked = Request(f"{url}/_sandbox/calls", method="DELETE" if forget else "GET")  # noqa: S310 our own sandbox
    with urlopen(asked) as answer:  # noqa: S310
        return int(json.load(answer)["total"])


def measured_process(module: str, what: str, *words: Any) -> str:
    command = [sys.executable, "-m", module, what, *map(str, words)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def bench_app(home: str) -> Flask:
    url = f"sqlite:///{Path(home) / 'bench.sqlite3'}"
    return create_app(Config(home=Path(home), database_url=url, broker_url="memory://", secret_key=_SECRET))


def peak_memory() -> dict[str, int]:
    return {"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}
