"""When somebody is told of a day that comes: from a morning of their own on, so many days before it."""

from collections.abc import Mapping
from datetime import date
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.models.operations import Notice

__all__ = ["MOST_DAYS", "is_morning", "is_told_before", "untold"]

MOST_DAYS = 30
_MORNING = 8

Row = TypeVar("Row")


def is_morning(zone: str) -> bool:
    """It is eight o'clock there, or later: a missed hour is made up for."""
    return clock.business_now().astimezone(ZoneInfo(zone)).hour >= _MORNING


def is_told_before(ends_on: date, zone: str, days: int, began_on: date) -> bool:
    """`ends_on`: the first day without. From `days` before it on, and not on the day on which it began."""
    today = clock.today_in(zone)
    return is_morning(zone) and 0 < (ends_on - today).days <= days and began_on < today


def untold(session: Session, due: Mapping[str, Row]) -> dict[str, Row]:
    """Of notices by their keys, those that nobody was told yet: one statement for a batch."""
    told = set(session.scalars(select(Notice.key).where(Notice.key.in_(due)))) if due else set()
    return {key: row for key, row in due.items() if key not in told}
