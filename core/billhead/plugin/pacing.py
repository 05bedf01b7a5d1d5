"""Calls to one far side, spaced so that there are never more a second than it bears."""

import threading
import time

__all__ = ["Pacer"]


class Pacer:
    """One per far side and process, for all its threads. `per_second` 0 is no limit; it may be set anew at any time.

    Calls are spaced evenly, so there is no burst, also not after a pause.
    """

    def __init__(self, per_second: int = 0) -> None:
        self.per_second = per_second
        self._lock = threading.Lock()
        self._last = float("-inf")

    def wait(self) -> None:
        """Return when the next call may be made. Each caller takes a place of its own, and waits outside the lock."""
        per_second = self.per_second
        if not per_second:
            return
        with self._lock:
            now = time.monotonic()
            self._last = mine = max(now, self._last + 1 / per_second)
        if mine > now:
            time.sleep(mine - now)
