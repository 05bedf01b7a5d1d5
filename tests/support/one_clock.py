"""No test leaves the business clock moved: what the next ones in its process queue would be due on another day, and a
worker process would wait for that day."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from billhead import clock


@pytest.fixture(autouse=True)
def business_clock_is_left_as_it_was() -> Iterator[None]:
    """A test that leaves the clock moved fails, and those after it do not."""
    before = clock.business_now() - clock.now()
    with clock.business_time(clock.business_now()):
        yield
        moved = clock.business_now() - clock.now() - before
    assert abs(moved) < timedelta(minutes=1), f"the test left the business clock moved by {moved}"
