"""Billhead as processes of their own: started on a test's database, awaited, stopped, and none left behind."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

JOB_PROCESS = Path(__file__).with_name("job_process.py")
PATIENCE = 60  # seconds; the machine may be busy


def until(true: Callable[[], object], what: str, within: float = PATIENCE) -> object:
    """Wait until something is true, and return it."""
    end = time.monotonic() + within
    while not (found := true()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {within} s: {what}")
        time.sleep(0.02)
    return found


class Program:
    """A running process; what it prints goes to a file."""

    def __init__(self, command: list[str], env: dict[str, str], output: Path) -> None:
        self.output = output
        with output.open("wb") as file:
            # Ctrl-C is ignored by what a shell starts in the background; these are not.
            self._popen = subprocess.Popen(
                command, env=env, stdout=file, stderr=subprocess.STDOUT, start_new_session=True, cwd=output.parent
            )
        self.pid = self._popen.pid

    def said(self) -> str:
        return self.output.read_text()

    def says(self, text: str) -> str:
        """Wait for a line with this text, and return the line."""

        def line() -> str:
            if self._popen.poll() is not None and text not in self.said():
                raise AssertionError(f"it ended with {self._popen.returncode} before saying {text!r}:\n{self.said()}")
            return next((line for line in self.said().splitlines() if text in line), "")

        return str(until(line, f"{text!r} in what {self.output.name} says"))

    def family(self) -> list[psutil.Process]:
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(self.pid)
            return [process, *process.children(recursive=True)]
        return []

    def stop(self, how: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """Ask it to stop; returns its exit code and the seconds that it took. Nobody of its family may be left."""
        family = self.family()
        asked = time.monotonic()
        self._popen.send_signal(how)
        code = self._popen.wait(PATIENCE)
        took = time.monotonic() - asked
        _gone, left = psutil.wait_procs(family, timeout=3)
        assert left == [], f"left behind: {left}"
        return code, took

    def ended(self) -> int:
        return self._popen.wait(PATIENCE)

    def kill(self) -> None:
        """As if the machine lost power: nobody of the family is asked."""
        for process in self.family():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self._popen.wait(PATIENCE)


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """`programs("serve", url, BILLHEAD_BROKER_URL=…)`: `billhead serve` with the kinds of job_process.py.

    A command that begins with a path is run as it is. Whatever still runs after the test is killed, and what each said
    is shown when the test fails.
    """
    started: list[Program] = []

    def start(command: str | list[str], database_url: str, **settings: str) -> Program:
        words = command.split() if isinstance(command, str) else command
        program = [sys.executable, str(JOB_PROCESS), *words] if not words[0].startswith("/") else words
        own = {name: value for name, value in os.environ.items() if not name.startswith("BILLHEAD_")}
        env = {
            **own,
            "BILLHEAD_HOME": str(tmp_path / "home"),
            "BILLHEAD_DATABASE_URL": database_url,
            "BILLHEAD_SECRET_KEY": f"of {tmp_path}",
            "BILLHEAD_PORT": "0",
            **settings,
        }
        (tmp_path / "home").mkdir(exist_ok=True)
        started.append(Program(program, env, tmp_path / f"output-{len(started)}.txt"))
        return started[-1]

    yield start
    for program in started:
        program.kill()
        print(f"{program.output.name}:\n{program.said()}")
