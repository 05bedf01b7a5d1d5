"""The calendar of a demo: the example data is of one day, and `serve --demo` shows it as if it were of the day on which
it is loaded. From then on it is as late in the demo as everywhere."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from billhead import clock

__all__ = ["FIRST_DAY", "days_since_example", "is_loaded", "note_loaded"]

FIRST_DAY = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
"""The day of the example data."""
_FILE = "demo.json"


def days_since_example() -> timedelta:
    """Whole days from the day of the example data to the business clock's; below zero where that is before it."""
    return clock.business_now().date() - FIRST_DAY.date()


def note_loaded(home: Path) -> None:
    """The demo of this home is there as a whole: the next start goes on with it."""
    (home / _FILE).write_text("{}\n", "utf-8")


def is_loaded(home: Path) -> bool:
    return (home / _FILE).exists()
