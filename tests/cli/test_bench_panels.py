"""The benches of panels run at a small size: every line is compared, and none is lost when a worker is killed."""

import pytest

from billhead.bench.panels import measure_converge, measure_reconcile

pytestmark = pytest.mark.full


def test_a_panel_is_compared():
    found = measure_reconcile(200)
    assert (found["lines"], found["services"], found["differences"], found["repairs"]) == (200, 200, 2, 2)
    assert found["calls"] < 10
    assert found["peak_mb"] > 0


def test_no_line_is_lost_when_the_worker_is_killed():
    found = measure_converge(200, 4, 2)
    assert (found["lines"], found["lost"]) == (200, 0)
