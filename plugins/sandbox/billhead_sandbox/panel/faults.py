"""Faults that can be switched on: what a bad network, a dying panel or a proxy in between do to a call.

A fault matches by path or call name (`stalker.accounts.PUT`, `xtream.create_line`, `cards.charge`), with
`*` and `?` as wildcards. It lasts for `count` calls, strikes with `probability`, or stays until cleared.
"""

import random
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from threading import Lock
from typing import Any

# kind -> does the panel do the work by default before the fault spoils the answer?
KINDS = {
    "slow": True,
    "reset": False,
    "crash": True,
    "status": False,
    "empty": True,
    "html": True,
    "truncated": True,
    "garbled": True,
    "down": False,
}


class FaultRefused(Exception):
    """The description of a fault is wrong; the text says what and how to mend it."""


@dataclass
class Fault:
    """One switched-on fault; `struck` counts how often it was applied."""

    id: int
    kind: str
    match: str = "*"
    seconds: float = 0.0
    status: int = 503
    perform: bool = False
    skip: int = 0
    count: int | None = None
    probability: float = 1.0
    seed: int = 0
    struck: int = 0
    dice: random.Random = field(default_factory=random.Random, repr=False)

    def strikes(self, path: str, call: str) -> bool:
        if not (fnmatchcase(path, self.match) or fnmatchcase(call, self.match)):
            return False
        if self.count is not None and self.struck >= self.count:
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.probability < 1 and self.dice.random() >= self.probability:
            return False
        self.struck += 1
        return True

    def shown(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if name != "dice"}


class Faults:
    """The faults that are switched on; the first that strikes is applied."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._faults: list[Fault] = []
        self._last_id = 0

    def add(self, **wish: Any) -> Fault:
        """`add(kind="crash", match="xtream.create_line", count=1)`; the names are the fields of `Fault`."""
        _check(wish)
        with self._lock:
            self._last_id += 1
            fault = Fault(id=self._last_id, **{"perform": KINDS[wish["kind"]], **wish})
            fault.dice.seed(fault.seed)
            self._faults.append(fault)
            return fault

    def strike(self, path: str, call: str) -> Fault | None:
        with self._lock:
            return next((fault for fault in self._faults if fault.strikes(path, call)), None)

    def clear(self, fault_id: int | None = None) -> int:
        with self._lock:
            kept = [fault for fault in self._faults if fault_id is not None and fault.id != fault_id]
            removed = len(self._faults) - len(kept)
            self._faults = kept
            return removed

    def shown(self) -> list[dict[str, Any]]:
        with self._lock:
            return [fault.shown() for fault in self._faults]


_NUMBERS = {"seconds": (0, 600), "status": (400, 599), "skip": (0, 10**9), "probability": (0, 1), "seed": (0, 2**63)}
_FIELDS = {"kind", "match", "perform", "count", *_NUMBERS}


def _check(wish: dict[str, Any]) -> None:
    unknown = sorted(set(wish) - _FIELDS)
    if unknown:
        raise FaultRefused(f"A fault has no field {unknown[0]!r}; there are {sorted(_FIELDS)}.")
    if wish.get("kind") not in KINDS:
        raise FaultRefused(f"Unknown fault kind {wish.get('kind')!r}; choose one of {sorted(KINDS)}.")
    if not isinstance(wish.get("match", "*"), str) or not isinstance(wish.get("perform", False), bool):
        raise FaultRefused("`match` is a text such as `xtream.*` or `/stalker_portal/*`; `perform` is true or false.")
    count = wish.get("count")
    if count is not None and (not isinstance(count, int) or isinstance(count, bool) or count < 1):
        raise FaultRefused(f'`count` must be a whole number above 0, or absent for "until cleared"; got {count!r}.')
    for name, (low, high) in _NUMBERS.items():
        value = wish.get(name, low)
        whole_wanted = name not in ("seconds", "probability")
        if isinstance(value, bool) or not isinstance(value, int if whole_wanted else int | float):
            raise FaultRefused(f"`{name}` must be a number; got {value!r}.")
        if not low <= value <= high:
            raise FaultRefused(f"`{name}` must lie between {low} and {high}; got {value!r}.")
