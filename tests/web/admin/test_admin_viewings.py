"""Staff see which kinds of viewings each panel tells, and which rule waits for one that none does."""

import sys

import pytest

from billhead.db import writing
from billhead.domain.context import Context
from billhead.models.usage import UsageMetric
from billhead.plugin import ViewingKind


@pytest.fixture
def channels_alone(counter):
    """A panel that logs a recording as its channel, and a metric of hours."""
    sys.modules["pretend_panel"].KINDS.intersection_update({ViewingKind.LIVE, ViewingKind.FILM})
    with counter.shop.app.app_context(), writing(Context.system("test")) as tx:
        hours = {"code": "hours", "name": "Hours", "aggregation": "sum", "decimals": 1}
        tx.session.add(UsageMetric(seller_id=counter.shop.seller_id, **hours))


@pytest.mark.usefixtures("channels_alone")
def test_a_kind_that_no_panel_tells_is_said_before_it_is_counted_and_after(counter):
    form = counter.get("/admin/viewings/rule").text
    assert ">live<" in form
    assert ">catchup (no panel tells it)<" in form
    for kind in ("live", "catchup"):
        told = {"kind": kind, "metric": "hours", "measure": "hours", "least_seconds": "60", "gap_minutes": "240"}
        assert counter.post("/admin/viewings/rule", **told).status_code == 303
    shown = counter.get("/admin/viewings").text
    assert "film, live" in shown
    assert shown.count("no panel tells it") == 1
    assert "catchup <span" in shown
