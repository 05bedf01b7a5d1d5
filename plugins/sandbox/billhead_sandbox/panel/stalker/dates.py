"""How the portal's MySQL stores a date: two spellings are understood, anything else silently becomes zero."""

import re
from datetime import UTC, datetime

from billhead_sandbox.panel.stalker.call import ZERO_DATE

_SPELLING = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?)?(?:\.\d+)?Z?")
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2038, 1, 19, 3, 14, 7, tzinfo=UTC)


def stored(text: str) -> str:
    """`2027-01-31` gains midnight; garbage and dates after 2038-01-19 become zero, which never expires."""
    match = _SPELLING.fullmatch(text.strip())
    if match is None:
        return ZERO_DATE
    try:
        year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
        instant = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return ZERO_DATE
    return instant.strftime("%Y-%m-%d %H:%M:%S") if _FIRST < instant <= _LAST else ZERO_DATE
