"""Processes to be killed or awaited, forked from one that has imported Billhead already: that takes seconds, once.

The process that forks is Python's own fork server, one for each worker of the run; it ends with the worker.
"""

import importlib
import os
import signal
import sys
from collections.abc import Mapping
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from typing import Any

_context = get_context("forkserver")
_numbers = count(1)
_context.set_forkserver_preload(["billhead.app", "billhead.cli", "billhead.jobs.tasks", "billing_shop"])


class WarmProcess:
    """`target` is "module:function" of tests/support or of Billhead; what it prints lies in `folder`, and is `said`."""

    def __init__(self, target: str, *arguments: Any, env: Mapping[str, str], folder: Path) -> None:
        own = {name: value for name, value in os.environ.items() if not name.startswith("BILLHEAD_")}
        self._output = output = folder / f"process-{next(_numbers)}.txt"
        self._process = _context.Process(target=_run, args=(target, arguments, {**own, **env}, str(output)))
        self._process.start()

    def said(self) -> str:
        return self._output.read_text() if self._output.exists() else ""

    def ended(self, within: float = 120) -> int:
        """Its exit code, or the signal that killed it as a negative number."""
        self._process.join(within)
        assert self._process.exitcode is not None, f"it still runs after {within} s, and said: {self.said()}"
        return self._process.exitcode

    def was_killed(self) -> bool:
        return self.ended() == -signal.SIGKILL

    def kill(self) -> None:
        self._process.kill()
        self._process.join()


def _run(target: str, arguments: tuple[Any, ...], env: dict[str, str], output: str) -> None:
    """In the new process: as if it had just been started with this environment."""
    os.environ.clear()
    os.environ.update(env)
    file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(file, 1)
    os.dup2(file, 2)
    sys.stdout, sys.stderr = open(1, "w", buffering=1), open(2, "w", buffering=1)  # noqa: SIM115 they are its own to the end
    importlib.reload(importlib.import_module("billhead.crash"))  # reads the environment when it is imported
    module, _, function = target.partition(":")
    getattr(importlib.import_module(module), function)(*arguments)
