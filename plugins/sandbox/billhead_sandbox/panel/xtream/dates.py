"""Expiry dates as the panel's date parser takes them; a bare unix number is not one of its forms."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_LARGEST = 2_147_483_647
_UNITS = {"second": 1, "sec": 1, "minute": 60, "min": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_RELATIVE = re.compile(r"([+-]?\d+)\s*(second|sec|minute|min|hour|day|week|month|year)s?")


class InvalidDate(Exception):
    """The text is no date expression."""


def parse(text: str, now: int, zone: str) -> int:
    """Unix seconds from `@1798761600`, `2027-01-01`, `2027-01-01 15:30:00` or `+30 days`; empty is 0, long expired."""
    wanted = text.strip()
    if not wanted:
        return 0
    if re.fullmatch(r"@-?\d+", wanted):
        return _clamped(int(wanted[1:]))
    relative = _RELATIVE.fullmatch(wanted)
    if relative is not None:
        return _clamped(_moved(now, int(relative[1]), relative[2], zone))
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2})?)?", wanted):
        try:
            return _clamped(int(datetime.fromisoformat(wanted).replace(tzinfo=ZoneInfo(zone)).timestamp()))
        except ValueError as error:
            raise InvalidDate(text) from error
    raise InvalidDate(text)


def _clamped(seconds: int) -> int:
    """The column is a signed 32-bit integer."""
    return max(-_LARGEST - 1, min(seconds, _LARGEST))


def _moved(now: int, count: int, unit: str, zone: str) -> int:
    if unit in _UNITS:
        return now + count * _UNITS[unit]
    local = datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(zone))
    months = local.year * 12 + local.month - 1 + count * (12 if unit == "year" else 1)
    first = local.replace(year=months // 12, month=months % 12 + 1, day=1)
    return int((first + timedelta(days=local.day - 1)).timestamp())  # PHP lets 31 February run over into March
