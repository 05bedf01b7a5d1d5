"""The panel's own clock: real time plus an offset, or standing still; six months pass in a second."""

import json
import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from billhead_sandbox.panel.store import Store


class PanelClock:
    """Unix seconds as the panel believes them; a setting survives a restart."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._offset: float = 0
        self._frozen: float | None = None
        saved = store.meta("clock")
        if saved is not None:
            self._offset, self._frozen = json.loads(saved)

    def now(self) -> float:
        return time.time() + self._offset if self._frozen is None else self._frozen

    def set(self, instant: float, *, frozen: bool) -> None:
        self._offset = instant - time.time()
        self._frozen = instant if frozen else None
        self._store.set_meta("clock", json.dumps([self._offset, self._frozen]))

    def advance(self, seconds: float) -> None:
        self.set(self.now() + seconds, frozen=self._frozen is not None)

    def follow_real_time(self) -> None:
        self._offset, self._frozen = 0, None
        self._store.set_meta("clock", json.dumps([0, None]))

    def local(self, zone: str) -> datetime:
        return datetime.fromtimestamp(self.now(), UTC).astimezone(ZoneInfo(zone))

    def shown(self) -> dict[str, object]:
        now = self.now()
        return {
            "now": datetime.fromtimestamp(now, UTC).isoformat(),
            "unix": now,
            "frozen": self._frozen is not None,
        }
