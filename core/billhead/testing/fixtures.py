"""Pytest fixtures for plugins: import them into a conftest.py, or load them all with `-p billhead.testing.fixtures`."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from billhead import clock
from billhead.plugin import host
from billhead.testing.fake_host import FakeHost
from billhead.testing.fake_panel import FakePanel

__all__ = ["MovingClock", "fake_host", "fake_panel", "moving_clock"]


class MovingClock:
    """The business clock of this process, moved by hand. The operational clock never moves."""

    def set(self, at: datetime) -> None:
        clock.move_business_clock(at)

    def advance(self, **by: int) -> datetime:
        """`advance(days=3, hours=1)`; returns the new business time."""
        clock.move_business_clock(clock.business_now() + timedelta(**by))
        return clock.business_now()

    def now(self) -> datetime:
        return clock.business_now()


@pytest.fixture
def moving_clock() -> Iterator[MovingClock]:
    """The business clock, put back after the test."""
    with clock.business_time(clock.business_now()):
        yield MovingClock()


@pytest.fixture
def fake_panel() -> Iterator[FakePanel]:
    """A running panel in memory."""
    with FakePanel() as panel:
        yield panel


@pytest.fixture
def fake_host(monkeypatch: pytest.MonkeyPatch) -> FakeHost:
    """What `current_host` answers with during the test."""
    fake = FakeHost()
    monkeypatch.setattr(host, "_providers", [lambda _plugin: fake])
    return fake
