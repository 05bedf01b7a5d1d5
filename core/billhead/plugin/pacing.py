"""Calls to one far side, spaced so that there are never more a second than it bears."""

import threading
import time
from collections.abc import Callable
from typing import NamedTuple

__all__ = ["Pacer", "Turn"]


class Turn(NamedTuple):
    """A stretch of time in which nobody else calls: it begins in `wait` seconds and lasts for `calls` of them."""

    wait: float
    calls: int


class Pacer:
    """One per far side and process, for all its threads. `per_second` 0 is no limit; it may be set anew at any time.

    Calls are spaced evenly, so there is no burst, also not after a pause. `reserve(calls)` takes a turn of so many
    calls among all processes; without it this process is alone. Who uses its turns takes longer ones, of half a
    second at most, so that there is one reservation for many calls, and nobody waits long for what is left of one.
    """

    def __init__(self, per_second: int = 0, reserve: Callable[[int], Turn] | None = None) -> None:
        self.per_second = per_second
        self.reserve = reserve
        self._lock = threading.Lock()
        self._last = self._end = float("-inf")
        self._calls = self._used = 0

    def wait(self) -> None:
        """Return when the next call may be made. Each caller takes a place of its own, and waits outside the lock."""
        per_second = self.per_second
        if not per_second:
            return
        with self._lock:
            now = time.monotonic()
            place = self._place(now, 1 / per_second)
            self._last = place
        now = time.monotonic()
        if place > now:
            time.sleep(place - now)

    def _place(self, now: float, apart: float) -> float:
        place = max(now, self._last + apart)
        if self.reserve is None or place <= self._end - apart / 2:  # the last place, and who wakes a little late for it
            self._used += 1
            return place
        longer = 4 * self._used >= 3 * self._calls
        calls = min(2 * self._calls, int(0.5 / apart)) if longer else self._calls // 2
        turn = self.reserve(max(calls, 1))
        begins = time.monotonic() + turn.wait
        self._calls, self._used, self._end = turn.calls, 1, begins + turn.calls * apart
        return max(begins, self._last + apart)
