"""Everything that one running sandbox knows, shared by the protocols that speak about it."""

import copy
import json
import time
from collections import Counter
from pathlib import Path
from threading import Lock
from typing import Any

from billhead_sandbox.cards.courier import Courier
from billhead_sandbox.panel.catalogue import Catalogue, merge_settings
from billhead_sandbox.panel.clock import PanelClock
from billhead_sandbox.panel.faults import Faults
from billhead_sandbox.panel.store import Row, Store


class State:
    """The truth behind the protocols; tests may read `store` and change `clock` and `faults` in-process."""

    def __init__(self, data: Path | None, catalogue: Catalogue) -> None:
        self.store = Store(data)
        self.catalogue = catalogue
        self.settings: dict[str, Any] = {}
        self.clock = PanelClock(self.store)
        self.faults = Faults()
        self.calls: Counter[str] = Counter()
        self.unknown_names: dict[str, dict[str, float]] = {}
        self._calls_lock = Lock()
        self._load()
        self.courier = Courier(self.store, self.settings)

    def _load(self) -> None:
        """Settings that were changed earlier come back; a new database gets the catalogue's panel users."""
        self.settings.clear()
        self.settings.update(copy.deepcopy(self.catalogue.settings))
        merge_settings(self.settings, json.loads(self.store.meta("settings") or "{}"))
        if self.store.value("SELECT count(*) FROM users") == 0:
            registered = int(time.time())
            for user in self.catalogue.users:
                self.store.insert("users", {"date_registered": registered, "timezone": "", **user})

    def change_settings(self, changes: Any) -> None:
        merge_settings(self.settings, changes)
        saved = json.loads(self.store.meta("settings") or "{}")
        for part, values in changes.items():
            saved.setdefault(part, {}).update(values)
        self.store.set_meta("settings", json.dumps(saved))

    def count_call(self, name: str) -> None:
        with self._calls_lock:
            self.calls[name] += 1

    def clear_calls(self) -> None:
        with self._calls_lock:
            self.calls.clear()

    def lines(self) -> list[Row]:
        """Every account of both panels, as stored: the truth that tests compare with."""
        plans = {plan["id"]: plan["external_id"] for plan in self.catalogue.plans}
        stalker = self.store.rows("SELECT * FROM stalker_accounts ORDER BY id")
        for row in stalker:
            row.update(panel="stalker", tariff_plan=plans.get(row["tariff_plan_id"]), active=not row["blocked"])
        xtream = self.store.rows(
            "SELECT l.*, m.mag_id, m.mac, e.device_id, e.mac AS enigma_mac FROM lines l"
            " LEFT JOIN mag_devices m ON m.user_id = l.id"
            " LEFT JOIN enigma2_devices e ON e.user_id = l.id ORDER BY l.id"
        )
        for row in xtream:
            row.update(panel="xtream", mac=row["mac"] or row.pop("enigma_mac", None))
        return stalker + xtream

    def reset(self) -> None:
        """Back to the first moment: no accounts, faults, counters or changed settings, real time."""
        self.faults.clear()
        self.clock.follow_real_time()
        self.store.wipe()
        self.unknown_names.clear()
        self.clear_calls()
        self._load()

    def close(self) -> None:
        self.courier.stop()
        self.store.close()
