"""The two sandbox panels, each a process of its own that is spoken to over HTTP like any other panel."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from billhead.domain.errors import Conflict

__all__ = ["SandboxPanels", "sandbox_panels"]

_LISTENING = "sandbox panel listening on "
_SANDBOX_KEY = "0123456789abcdef0123456789abcdef"
_STALKER, _XTREAM = "stalker-one", "xtream-one"


@dataclass(frozen=True, slots=True)
class SandboxPanels:
    """Addresses of the two processes. The card processor is part of the first."""

    stalker: str
    xtream: str
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=60), repr=False)

    def settings(self) -> dict[str, dict[str, Any]]:
        """Settings for the catalogue's two panels, by panel code."""
        return {
            _STALKER: {
                "url": f"{self.stalker}/stalker_portal",
                "login": "stalker",
                "password": "sandbox",
                "zone": "Europe/London",
            },
            _XTREAM: {"url": f"{self.xtream}/sandbox/", "api_key": _SANDBOX_KEY},
        }

    def set_clock(self, now: datetime) -> None:
        """Move both panels' own clocks; the portal's daily job blocks what has expired."""
        for url in (self.stalker, self.xtream):
            self.http.post(f"{url}/_sandbox/clock", json={"now": now.isoformat()}).raise_for_status()

    def take_down(self) -> None:
        """Neither answers any more. The card processor, which is part of the first, goes on."""
        for url, path in ((self.stalker, "/stalker_portal/*"), (self.xtream, "/sandbox/*")):
            self.http.post(f"{url}/_sandbox/faults", json={"kind": "down", "match": path}).raise_for_status()

    def bring_up(self) -> None:
        for url in (self.stalker, self.xtream):
            self.http.delete(f"{url}/_sandbox/faults").raise_for_status()

    def lines(self) -> int:
        """How many lines the panels hold together."""
        answers = (self.http.get(f"{url}/_sandbox/lines").json() for url in (self.stalker, self.xtream))
        return sum(len(answer["lines"]) for answer in answers)


@contextmanager
def sandbox_panels(folder: Path, ports: tuple[int, int] = (0, 0)) -> Iterator[SandboxPanels]:
    """Start both panels with their data under `folder`; they stop at the end of the block.

    A port of 0 takes a free one. Raises Conflict when a panel can't start, with what it said.
    """
    processes: list[subprocess.Popen[str]] = []
    try:
        urls: list[str] = []
        for name, port in zip(("stalker", "xtream"), ports, strict=True):
            process = _start(folder / name, port)
            processes.append(process)
            urls.append(_address(process))
        panels = SandboxPanels(stalker=urls[0], xtream=urls[1])
        with panels.http:
            yield panels
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()


def _start(data: Path, port: int) -> subprocess.Popen[str]:
    data.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "billhead_sandbox.panel", "--port", str(port), "--data", str(data)]
    # a session of its own: Ctrl-C ends the web server first, which then ends its panels
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None, "opened with a pipe"
    said = []
    for line in process.stdout:
        if line.startswith(_LISTENING):
            return line.removeprefix(_LISTENING).strip().rstrip("/")
        said.append(line)
    raise Conflict(
        "a sandbox panel did not start: " + "".join(said)[-500:].strip(),
        hint="is the plugin billhead-sandbox installed? `billhead plugins list` tells",
    )
