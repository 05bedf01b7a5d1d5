"""The job that lives a simulation. It starts `billhead simulate` in a process of its own, since the business clock is
another there, writes down how far it is, and stops it when staff have called it off.

When this process ends, so does that one; the job is then taken up again, and goes on in the same copy.
"""

import json
import os
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import IO, Any

from billhead import clock
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.jobs.kinds import job_kind
from billhead.models.simulations import Simulation
from billhead.plugin_host.current import config

__all__ = ["live_simulation"]

_LOOKS_EVERY = 1.0  # seconds
_LAST_LINES = 12
_TOLD = 2000


@job_kind("simulations.run", max_tries=3)
def live_simulation(ctx: Context, args: Mapping[str, Any]) -> None:
    simulation_id = int(args["simulation_id"])
    row = _begun(ctx, simulation_id)
    folder = config().home / "simulations" / str(simulation_id)
    if row is not None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "began").write_text(row.began_at.isoformat(), "ascii")
        _end(ctx, simulation_id, _live(ctx, row, folder))
    shutil.rmtree(folder, ignore_errors=True)


def _begun(ctx: Context, simulation_id: int) -> Simulation | None:
    with writing(ctx) as tx:
        row = tx.session.get(Simulation, simulation_id, with_for_update=True)
        if row is None or row.state not in ("queued", "running"):
            return None
        row.state = "running"
        return row


def _live(ctx: Context, row: Simulation, folder: Path) -> dict[str, Any]:
    """What it ended with: a state, and its result or what went wrong."""
    answer = folder / "answer.json"
    last: deque[str] = deque(maxlen=_LAST_LINES)
    watch = _Watch(ctx, row.id)
    with answer.open("w") as out, _process(_command(row, folder), out) as child:
        for line in _lines(child):
            if watch.calls_off(_progress(line, last)):
                child.kill()
                return {"state": "canceled"}
    said = answer.read_text("utf-8")
    if child.returncode == 0:
        return {"state": "done", "result": json.loads(said)}
    if said:  # a refusal, told as JSON
        return {"state": "failed", "error": json.loads(said)["error"]["message"]}
    return {"state": "failed", "error": "it ended without an answer: " + " · ".join(last)[-_TOLD:]}


def _command(row: Simulation, folder: Path) -> list[str]:
    span = ["--from", row.first_day.isoformat(), "--to", row.last_day.isoformat()]
    how = ["--payments", row.payments, "--seed", str(row.seed), "--folder", str(folder), "--json"]
    return [sys.executable, "-m", "billhead", "simulate", *span, *how]


@contextmanager
def _process(command: list[str], out: IO[str]) -> Iterator[subprocess.Popen[str]]:
    """It has our settings, and an open standard input: when that closes, it ends by itself."""
    ours = config()
    settings = {
        "BILLHEAD_HOME": str(ours.home),
        "BILLHEAD_DATABASE_URL": ours.database_url,
        "BILLHEAD_SECRET_KEY": ours.secret_key,
        "BILLHEAD_BROKER_URL": "memory://",
    }
    child = subprocess.Popen(
        command,
        env={**os.environ, **settings},
        stdin=subprocess.PIPE,
        stdout=out,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield child
        child.wait()
    finally:
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stderr):
            if pipe is not None:
                pipe.close()


def _lines(child: subprocess.Popen[str]) -> Iterator[str]:
    """What it says, and "" every second while it says nothing."""
    said: Queue[str | None] = Queue()

    def read() -> None:
        assert child.stderr is not None, "opened with a pipe"
        for line in child.stderr:
            said.put(line.strip())
        said.put(None)

    Thread(target=read, name="billhead-simulation", daemon=True).start()
    while True:
        try:
            line = said.get(timeout=_LOOKS_EVERY)
        except Empty:
            line = ""
        if line is None:
            return
        yield line


def _progress(line: str, last: deque[str]) -> dict[str, Any] | None:
    try:
        found = json.loads(line) if line else None
    except ValueError:
        found = None
    if isinstance(found, dict) and "done" in found:
        return found
    if line:
        last.append(line)
    return None


@dataclass(slots=True)
class _Watch:
    """Looks, at most once a second, whether a simulation is still wanted, and writes down how far it is."""

    ctx: Context
    simulation_id: int
    looked: float = 0

    def calls_off(self, progress: dict[str, Any] | None) -> bool:
        if clock.monotonic() - self.looked < _LOOKS_EVERY:
            return False
        self.looked = clock.monotonic()
        if progress is None:
            with reading() as session:
                row = session.get(Simulation, self.simulation_id)
                return row is None or row.state != "running"
        with writing(self.ctx) as tx:
            row = tx.session.get(Simulation, self.simulation_id, with_for_update=True)
            if row is None or row.state != "running":
                return True
            row.progress = progress
            return False


def _end(ctx: Context, simulation_id: int, ended: Mapping[str, Any]) -> None:
    with writing(ctx) as tx:
        row = tx.session.get(Simulation, simulation_id, with_for_update=True)
        if row is None or row.state != "running":
            return
        row.state, row.finished_at = ended["state"], clock.now()
        row.result, row.error = ended.get("result"), ended.get("error", "")
