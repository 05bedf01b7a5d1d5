"""Events reach each plugin once, in order within an aggregate; one plugin's trouble is nobody else's."""

import sys
from datetime import timedelta

import pytest
from sqlalchemy import select

from billhead import clock
from billhead.actions.events import emit
from billhead.actions.jobs.retry_delivery import retry_delivery
from billhead.db import in_session, reading, writing
from billhead.domain.context import Context
from billhead.jobs.deliveries import deliver_due
from billhead.jobs.work import drain
from billhead.models.operations import EventDelivery, Job
from billhead.plugin_host import PluginHost

CTX = Context.system("test")

OBSERVER = """
seen = []
refuses = set()
@hookimpl
def on_event(event):
    if event.aggregate in refuses:
        raise ConnectionError("the other side is closed")
    seen.append((event.aggregate, event.data["n"]))
"""


@pytest.fixture
def observers(app_context, pretend, monkeypatch):
    """Two plugins that observe, `good` and `poor`, and nobody else; gives their modules."""
    points = [pretend("good", OBSERVER), pretend("poor", OBSERVER)]
    monkeypatch.setattr(app_context.extensions["billhead"], "plugins", PluginHost.load(points))
    return sys.modules["pretend_good"], sys.modules["pretend_poor"]


def happen(*events):
    with writing(CTX) as tx:
        for aggregate, n in events:
            emit(tx, "service.active", aggregate, {"n": n})


def deliveries(plugin):
    with reading() as session:
        rows = session.scalars(select(EventDelivery).where(EventDelivery.plugin == plugin).order_by(EventDelivery.id))
        return list(rows)


def states(plugin):
    return [row.state for row in deliveries(plugin)]


def later(**by):
    clock.move_business_clock(clock.business_now() + timedelta(**by))


@pytest.fixture(autouse=True)
def _clock_put_back():
    with clock.business_time(clock.business_now()):
        yield


def test_every_observer_gets_every_event_once_in_order(observers):
    good, poor = observers
    happen(("service:1", 1), ("service:2", 2), ("service:1", 3))
    drain()
    drain()
    assert good.seen == poor.seen == [("service:1", 1), ("service:2", 2), ("service:1", 3)]
    assert states("good") == states("poor") == ["done"] * 3


def test_what_was_rolled_back_never_happened(observers):
    good, _ = observers

    def half():
        with writing(CTX) as tx:
            emit(tx, "service.active", "service:1", {"n": 1})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    drain()
    assert good.seen == []


def test_a_plugin_that_fails_holds_up_only_itself_and_only_that_aggregate(observers):
    good, poor = observers
    poor.refuses.add("service:1")
    happen(("service:1", 1), ("service:1", 2), ("service:2", 3))
    drain()
    assert good.seen == [("service:1", 1), ("service:1", 2), ("service:2", 3)]
    assert poor.seen == [("service:2", 3)]
    assert [(row.state, row.tries) for row in deliveries("poor")] == [("pending", 1), ("pending", 0), ("done", 1)]
    assert "ConnectionError: the other side is closed" in deliveries("poor")[0].error


def test_when_it_is_well_again_the_order_has_been_kept(observers):
    _, poor = observers
    poor.refuses.add("service:1")
    happen(("service:1", 1), ("service:1", 2))
    drain()
    poor.refuses.clear()
    happen(("service:1", 3))
    drain()
    assert poor.seen == [], "10 seconds have not passed"
    later(seconds=11)
    drain()
    assert poor.seen == [("service:1", 1), ("service:1", 2), ("service:1", 3)]


def test_after_eight_tries_it_is_parked_and_the_aggregate_goes_on(observers):
    _, poor = observers
    poor.refuses.add("service:1")
    happen(("service:1", 1))
    for tries in range(1, 9):
        drain()
        assert deliveries("poor")[0].tries == tries
        later(hours=1)
    assert states("poor") == ["parked"]
    poor.refuses.clear()
    happen(("service:1", 2))
    drain()
    assert poor.seen == [("service:1", 2)]
    with writing(CTX) as tx:
        retry_delivery(tx, deliveries("poor")[0].id)
    drain()
    assert poor.seen == [("service:1", 2), ("service:1", 1)]


def test_what_waits_for_a_plugin_that_is_off_is_delivered_when_it_is_on_again(observers, app_context):
    good, poor = observers
    host = app_context.extensions["billhead"].plugins
    happen(("service:1", 1))
    with writing(CTX) as tx:
        host.disable(tx, "poor")
    drain()
    assert (good.seen, poor.seen) == ([("service:1", 1)], [])
    assert [(row.state, row.tries) for row in deliveries("poor")] == [("pending", 0)]
    with writing(CTX) as tx:
        host.enable(tx, "poor")
    assert deliver_due() == 1
    drain()
    assert poor.seen == [("service:1", 1)]


def test_a_plugin_is_called_with_no_session_open(observers):
    good, _ = observers
    open_then = []

    class Seen(list):
        def append(self, event):
            open_then.append(in_session())

    good.seen = Seen()
    happen(("service:1", 1))
    drain()
    assert open_then == [""]


def test_many_events_are_queued_as_one_job_a_plugin_and_read_in_pages(observers, monkeypatch):
    good, _ = observers
    monkeypatch.setattr("billhead.jobs.deliveries._PAGE", 7)
    monkeypatch.setattr("billhead.jobs.deliveries._AT_A_TIME", 20)
    happen(*((f"service:{n % 3}", n) for n in range(50)))
    with reading() as session:
        assert len(session.scalars(select(Job)).all()) == 2
    drain()
    assert [n for _, n in good.seen] == list(range(50))
