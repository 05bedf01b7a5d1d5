"""Entitlements: what was bought once and may be watched within a window. Whether the window is open is derived."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from billhead.domain.errors import InvalidInput

__all__ = ["TRANSITIONS", "Event", "State", "window"]


class State(StrEnum):
    OFFERED = "offered"  # waits to be paid
    ACTIVE = "active"
    REFUNDED = "refunded"
    WITHDRAWN = "withdrawn"  # never paid


class Event(StrEnum):
    PAY = "pay"
    REFUND = "refund"
    WITHDRAW = "withdraw"


TRANSITIONS: dict[tuple[State, Event], State] = {
    (State.OFFERED, Event.PAY): State.ACTIVE,
    (State.OFFERED, Event.WITHDRAW): State.WITHDRAWN,
    (State.ACTIVE, Event.REFUND): State.REFUNDED,
}


def window(
    now: datetime, *, hours: int = 0, starts: datetime | None = None, ends: datetime | None = None
) -> tuple[datetime, datetime]:
    """From when to when it may be watched, if it is paid now: an event's own time, or so many hours from now."""
    if starts is not None and ends is not None:
        if ends <= now:
            raise InvalidInput("event", f"it was over on {ends:%Y-%m-%d %H:%M} UTC")
        return starts, ends
    if hours < 1:
        raise InvalidInput("hours", "it can't be watched for no time at all")
    return now, now + timedelta(hours=hours)
