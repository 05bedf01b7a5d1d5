"""A panel's breaker. After three failures in a row its jobs wait, ever longer; one call after each wait looks again.

The line at which it failed waits a little longer than the others: one line that a panel can't stomach would otherwise
be the first to look again each time, and hold up all of them for ever.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from billhead import clock
from billhead.actions.freeze import is_frozen
from billhead.db import Tx
from billhead.models.panels import Panel

__all__ = ["Wait", "is_well", "must_wait", "note_answer", "until_clear", "until_mended"]

_FAILURES = 3
_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 30, 600
_BEHIND_THE_OTHERS = timedelta(seconds=15)
_SOON = timedelta(seconds=10)
_LOOK_AGAIN = timedelta(minutes=5)
_NEWS_AFTER = timedelta(minutes=1)


class Wait(NamedTuple):
    until: datetime
    why: str


def must_wait(tx: Tx, panel: Panel) -> Wait | None:
    """Why this panel may not be called now, and when to look again: freeze switch, maintenance, open breaker."""
    if is_frozen(tx.session, "panels"):
        return Wait(until_mended(), "panel writes are stopped by the freeze switch")
    if panel.maintenance:
        return Wait(until_mended(), f"panel {panel.code} is under maintenance")
    if panel.open_until is not None and panel.open_until > clock.business_now():
        return Wait(panel.open_until, f"panel {panel.code} did not answer: {panel.last_error}")
    return None


def until_mended() -> datetime:
    """When to look again whether a person has lifted or mended what stands in the way."""
    return clock.business_now() + _LOOK_AGAIN


def until_clear(*, doubted: bool) -> datetime:
    """When to ask again about a line of which the panel's answer said too little: soon, unless it was in doubt before.

    No try is counted: behind an API that answers, the panel's database may be down for hours.
    """
    return until_mended() if doubted else clock.business_now() + _SOON


def is_well(panel: Panel) -> bool:
    """It answered a moment ago: another good answer is no news."""
    fresh = panel.last_ok_at is not None and clock.business_now() - panel.last_ok_at < _NEWS_AFTER
    return fresh and panel.failures == 0 and panel.open_until is None


def note_answer(panel: Panel, error: str) -> datetime | None:
    """A good answer closes the breaker. An error is counted, and opens it if it was one too many.

    Returns when the line at which it failed may be tried again.
    """
    now = clock.business_now()
    if not error:
        panel.failures, panel.open_until, panel.last_ok_at = 0, None, now
        return None
    panel.failures += 1
    panel.last_error = error[:500]
    if panel.failures < _FAILURES:
        return now + timedelta(seconds=5 * panel.failures)
    doublings = min(panel.failures - _FAILURES, 10)
    panel.open_until = now + timedelta(seconds=min(_FIRST_WAIT_SECONDS * 2**doublings, _LONGEST_WAIT_SECONDS))
    return panel.open_until + _BEHIND_THE_OTHERS
