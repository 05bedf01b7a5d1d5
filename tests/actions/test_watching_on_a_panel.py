"""Who watches and who watched on a real panel over a real socket: seen, cut, read once and counted by its line."""

from datetime import timedelta

from sqlalchemy import select

from billhead import clock
from billhead.actions.access.cut_session import cut_session
from billhead.actions.access.watch_now import watch_now
from billhead.actions.viewings.read_viewings import read_viewings
from billhead.actions.viewings.save_viewing_rule import ViewingMeasure, save_viewing_rule
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.models.subscriptions import Service
from billhead.models.usage import UsageEvent, UsageMetric
from billhead.models.viewings import Viewing
from billhead_sandbox.panel.xtream import sessions
from two_panels import BOX, NOW, Operator

SYSTEM = Context.system("test")


def number_of(service_id: int, key: str) -> int:
    with reading() as session:
        return session.get_one(Service, service_id).handle_data[key]


def hours_are_counted(operator: Operator) -> None:
    with writing(SYSTEM) as tx:
        more = {"name": "Hours", "aggregation": "sum", "decimals": 1}
        tx.session.add(UsageMetric(seller_id=operator.seller_id, code="hours", **more))
        tx.session.flush()
        save_viewing_rule(tx, operator.seller_id, ViewingMeasure("live", "hours", "hours"))


def test_what_is_watched_to_the_last_is_counted_before_the_line_goes(operator: Operator):
    """At its end somebody watches: the stream is cut, logged, read an hour later, and only then the line is deleted,
    with which the panel forgets whose it was."""
    hours_are_counted(operator)
    line, other = operator.line(), operator.line()
    operator.work()
    sessions.watch(operator.sandbox.state, number_of(line, "line_id"), 1, None)
    operator.wait(hours=2)
    operator.want(line, lifecycle="unwanted")
    operator.work()
    (ending, _) = operator.on("xtream")
    assert (ending.login, ending.blocked) == ("viewer1", True)
    assert operator.service(line).sync_error.startswith("it is stopped")
    operator.wait(minutes=4)
    operator.work()
    assert len(operator.on("xtream")) == 2  # what was watched may not be in the panel's log yet

    operator.wait(minutes=11)  # the panel is read as soon as it is
    operator.work()
    operator.wait(minutes=11)
    operator.work()
    assert [held.login for held in operator.on("xtream")] == ["viewer2"]
    assert operator.service(line).lifecycle == "gone"
    with reading() as session:
        (event,) = session.scalars(select(UsageEvent))
    assert (event.quantity, event.service_id) == (20, line)

    operator.want(other, lifecycle="unwanted")
    operator.work()
    operator.wait(days=1)  # the panel was not read for a day: it keeps no line for ever
    operator.work()
    assert operator.on("xtream") == []


def test_a_line_is_watched_cut_and_counted(operator: Operator):
    line, box = operator.line(), operator.line(kind="mag", mac=BOX)
    operator.work()
    number = number_of(line, "line_id")
    activity = sessions.watch(operator.sandbox.state, number, 1, None)
    now = watch_now(SYSTEM, line)
    assert [one.id for one in now.sessions] == [str(activity)]
    assert now.can_cut
    assert watch_now(SYSTEM, box).sessions == ()
    assert cut_session(SYSTEM, box, str(activity)).cut is False  # another line's session
    assert cut_session(SYSTEM, line, str(activity)).cut
    assert watch_now(SYSTEM, line).sessions == ()
    hours_are_counted(operator)
    sessions.watch(operator.sandbox.state, number, 1, 5400)
    with clock.business_time(NOW + timedelta(hours=1)):
        assert read_viewings(SYSTEM, operator.panels["xtream"]).new >= 1
        assert read_viewings(SYSTEM, operator.panels["xtream"]).new == 0
    with reading() as session:
        kept = session.scalars(select(Viewing).where(Viewing.ended - Viewing.began == 5400)).one()
        event = session.scalars(select(UsageEvent).where(UsageEvent.event_id == kept.viewing_id)).one()
    assert kept.service_id == line
    assert event.quantity == 15
