"""The time of day is asked for in clock.py alone, so that a simulation can move it."""

import ast
from pathlib import Path

from source_tree import CORE, ROOT, parsed, shown, source_files, written

CLOCK = CORE / "clock.py"
# The sandbox's panels are programs of their own, outside of any simulation.
OUTSIDE = ROOT / "plugins" / "sandbox"
_ASKS = {
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
    "time": {"time", "time_ns", "localtime", "gmtime"},
}


def asks_the_time(path: Path) -> list[int]:
    found = []
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Attribute):
            owner = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
            if node.attr in _ASKS.get(owner, ()):
                found.append(node.lineno)
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            found += [node.lineno for name in node.names if name.name in _ASKS["time"]]
    return sorted(found)


def own_clocks(paths: list[Path], root: Path = ROOT) -> list[str]:
    return [f"{shown(path, root)}:{line}: ask billhead.clock" for path in paths for line in asks_the_time(path)]


def test_only_the_clock_asks_the_time():
    assert own_clocks([path for path in source_files() if path != CLOCK and not path.is_relative_to(OUTSIDE)]) == []


def test_each_way_to_ask_is_found(tmp_path):
    path = written(
        tmp_path,
        "core/late.py",
        "datetime.now(UTC)\ndatetime.datetime.utcnow()\ndate.today()\ntime.time()\nfrom time import time_ns\n"
        "time.monotonic()\nclock.now()\n",
    )
    assert own_clocks([path], tmp_path) == [f"core/late.py:{line}: ask billhead.clock" for line in (1, 2, 3, 4, 5)]
