"""Instants and the portal's end dates.

The portal blocks at 00:05 of the end date's own day, in its own zone. So the date to send for an instant is the first
day that begins at or after it: the customer is served to the last paid second and for less than a day beyond.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_LAST_SECOND = 2**31 - 1
ZERO = "0000-00-00"


def day_begins(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a day. Where midnight falls into a clock change, the instant of the change."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def served_until(expires_at: datetime, zone: ZoneInfo) -> datetime:
    """The instant that the portal can say for this one. Later than 2038 the portal would read "never": capped."""
    day = expires_at.astimezone(zone).date()
    if day_begins(day, zone) < expires_at:
        day += timedelta(days=1)
    return day_begins(min(day, last_day(zone)), zone)


def last_day(zone: ZoneInfo) -> date:
    """The last day whose beginning fits into the 32 bits that the portal's database has for it."""
    day = date(2038, 1, 19)
    return day if day_begins(day, zone).timestamp() <= _LAST_SECOND else day - timedelta(days=1)


def written(instant: datetime | None, zone: ZoneInfo) -> str:
    """`end_date` as it is sent. An empty one is stored as zero, which never ends."""
    return "" if instant is None else instant.astimezone(zone).date().isoformat()


def read(shown: object, zone: ZoneInfo) -> datetime | None:
    """`end_date` as the portal shows it; the time of day has no effect there. Raises ValueError for anything else."""
    text = "" if shown is None else str(shown)
    if not text or text.startswith(ZERO):
        return None
    return day_begins(date.fromisoformat(text[:10]), zone)
