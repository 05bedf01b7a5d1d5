"""Pytest fixtures for plugins: import them into a conftest.py, or load them all with `-p billhead.testing.fixtures`."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from billhead import clock
from billhead.plugin import host
from billhead.testing.fake_host import FakeHost
from billhead.testing.fake_panel import FakePanel
from billhead.testing.replay import Replay

__all__ = ["MovingClock", "fake_host", "fake_panel", "moving_clock", "replay"]


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


@pytest.fixture
def replay(request: pytest.FixtureRequest) -> Iterator[Callable[[str | Path], Replay]]:
    """`replay("tapes/renewal.json")`, beside the test's file, is a running panel that answers as the tape says. The
    test fails if it was asked what is not on the tape; `assert_played()` asks for everything, in order."""
    playing = []
    with ExitStack() as running:

        def play(tape: str | Path) -> Replay:
            playing.append(running.enter_context(Replay(request.path.parent / tape)))
            return playing[-1]

        yield play
    for panel in playing:
        panel.assert_known()
