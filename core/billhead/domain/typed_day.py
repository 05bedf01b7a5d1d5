"""Days, as forms, addresses and programs write them."""

import re
from datetime import date

__all__ = ["FIRST_YEAR", "LAST_YEAR", "typed_day"]

FIRST_YEAR, LAST_YEAR = 2000, 2199
_WRITTEN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def typed_day(text: str) -> date | None:
    """Of a text like 2027-01-31; None for everything else. No other spelling is taken, and no other years than these:
    near the ends of the calendar there is no day before or after, and no midnight in another zone."""
    try:
        day = date.fromisoformat(text if _WRITTEN.fullmatch(text) else "")
    except ValueError:
        return None
    return day if FIRST_YEAR <= day.year <= LAST_YEAR else None
