"""The calendar of a demo: it begins on the day of the example data and goes on from there, across restarts, and for
every command that is given in the demo's home."""

import json
from datetime import UTC, datetime
from pathlib import Path

from billhead import clock

__all__ = ["FIRST_DAY", "begin_calendar", "follow_calendar"]

FIRST_DAY = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
_FILE = "demo.json"


def begin_calendar(home: Path) -> None:
    """The demo is loaded: from now on its home has a calendar of its own."""
    (home / _FILE).write_text(json.dumps({"loaded_at": clock.now().isoformat()}), "utf-8")


def follow_calendar(home: Path) -> bool:
    """Move the business clock to where the demo of this home stands. False where there is none, and nothing moves."""
    file = home / _FILE
    if not file.exists():
        return False
    loaded_at = datetime.fromisoformat(json.loads(file.read_text("utf-8"))["loaded_at"])
    clock.move_business_clock(FIRST_DAY + (clock.now() - loaded_at))
    return True
