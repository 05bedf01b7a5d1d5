"""The benches of panels run at a small size: every line is compared, and none is lost when a worker is killed."""

import pytest

from billhead.bench.adopting import measure_adopt
from billhead.bench.panels import measure_converge, measure_reconcile

pytestmark = pytest.mark.full


def test_a_panel_is_compared():
    found = measure_reconcile(200)
    assert (found["lines"], found["services"], found["differences"], found["repairs"]) == (200, 200, 2, 2)
    assert found["calls"] < 10 + 200  # its list leaves bouquets out: a few hundred lines are read whole beside it
    assert found["peak_mb"] > 0


def test_no_line_is_lost_when_the_worker_is_killed():
    found = measure_converge(200, 4, 2)
    assert (found["lines"], found["lost"]) == (200, 0)


def test_foreign_lines_find_their_plans_and_nothing_is_written():
    found = measure_adopt(40)
    for one in (found["stalker"], found["xtream"]):
        assert (one["state"], one["lines"], one["adopted"], one["services_made"]) == ("done", 40, 40, 0), one
        assert one["calls"] < 60
