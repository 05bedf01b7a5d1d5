"""The two clocks. Nothing else in the core reads the time.

The *operational* clock (`now`) is the machine's and is never moved: leases, sessions, audit and record times use it.
The *business* clock (`business_now`) decides what is due, late or expired. It equals the operational clock except
inside `business_time`, with which the demo, `simulate` and the tests move through months in seconds.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import cache
from time import monotonic, perf_counter
from zoneinfo import ZoneInfo, available_timezones

__all__ = [
    "WIDEST_OFFSET",
    "business_now",
    "business_time",
    "hold_business_clock",
    "latest_today",
    "monotonic",
    "move_business_clock",
    "now",
    "perf_counter",
    "today_in",
    "zones",
]

WIDEST_OFFSET = timedelta(hours=14)
"""Kiritimati is the first to see a new day."""

_shift = timedelta(0)
_held: datetime | None = None


def now() -> datetime:
    """The machine's clock: an aware UTC instant."""
    return datetime.now(UTC)


def business_now() -> datetime:
    """The business clock: an aware UTC instant, moved in a simulation."""
    return datetime.now(UTC) + _shift if _held is None else _held


def today_in(zone_name: str) -> date:
    """The business clock's calendar date in an IANA zone (a customer's for billing, a seller's for documents)."""
    return business_now().astimezone(ZoneInfo(zone_name)).date()


@cache
def zones() -> frozenset[str]:
    """The names of all IANA zones. Asked for once: Python opens some six hundred files to answer."""
    return frozenset(available_timezones())


def latest_today() -> date:
    """The latest calendar date that anybody can have now: what nobody's day has come for is due to nobody."""
    return (business_now() + WIDEST_OFFSET).date()


def move_business_clock(to: datetime) -> None:
    """Set the business clock of this process to `to`; it goes on ticking from there."""
    global _shift, _held
    _shift, _held = _aware(to) - datetime.now(UTC), None


def hold_business_clock(at: datetime) -> None:
    """Set the business clock of this process to `at`, where it stands still: what is done takes no business time, and
    how fast the machine is decides nothing."""
    global _held
    _held = _aware(at)


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("the business clock takes an aware instant, e.g. datetime(2027, 1, 1, tzinfo=UTC)")
    return at


@contextmanager
def business_time(at: datetime) -> Iterator[None]:
    """Run a block with the business clock set to `at`, then put it back.

    There is one for all threads of a process: open it around them, never inside of each, where the last to leave would
    put back what the first had set.
    """
    global _shift, _held
    before = _shift, _held
    move_business_clock(at)
    try:
        yield
    finally:
        _shift, _held = before
