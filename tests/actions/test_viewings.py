"""What was watched is read from a panel once each, whatever breaks, and becomes metered use by the seller's rules."""

import os
import signal
import sys
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select
from web_shop import Shop

from billhead import clock, crash
from billhead.actions.viewings._storing import store
from billhead.actions.viewings.match_viewings import match_viewings
from billhead.actions.viewings.purge_viewings import purge_viewings
from billhead.actions.viewings.read_viewings import read_viewings
from billhead.actions.viewings.save_viewing_rule import ViewingMeasure, save_viewing_rule
from billhead.crash import CRASH_POINTS_OF_VIEWINGS
from billhead.db import db, reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import InvalidInput, PanelUnreachable
from billhead.models.access import AccessCode, AccessCodeUse
from billhead.models.panels import Panel
from billhead.models.subscriptions import Service
from billhead.models.usage import UsageEvent, UsageMetric
from billhead.models.viewings import ContentTitle, ViewingCursor, ViewingRule
from billhead.models.viewings import Viewing as Row
from billhead.plugin import Viewing, ViewingKind

SYSTEM = Context.system("test")
START = clock.now().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=2)


@pytest.fixture
def tv(any_shop: Shop):
    return watched(any_shop)


def watched(shop: Shop) -> Shop:
    """A shop with one running line, and metrics for hours and films."""
    browser = shop.customer()
    shop.order(browser)
    shop.pay()
    shop.work()
    with shop.app.app_context(), writing(SYSTEM) as tx:
        for code, aggregation, decimals in (("hours", "sum", 2), ("films", "count", 0)):
            tx.session.add(
                UsageMetric(seller_id=shop.seller_id, code=code, name=code, aggregation=aggregation, decimals=decimals)
            )
        tx.session.flush()
        save_viewing_rule(tx, shop.seller_id, ViewingMeasure("live", "hours", "hours"))
        save_viewing_rule(tx, shop.seller_id, ViewingMeasure("film", "films", "views", gap_minutes=60))
    return shop


def rows(shop: Shop, table):
    with shop.app.app_context(), reading() as session:
        return list(session.scalars(select(table)))


def line(shop: Shop) -> Service:
    return rows(shop, Service)[0]


def seen(shop: Shop, key: str, began=0, minutes=60, kind="live", item="77", **more) -> Viewing:
    """`began` in minutes after the start of the day after tomorrow."""
    at = START + timedelta(minutes=began)
    more = {"ref": line(shop).handle, "ip": "203.0.113.7", "country": "fi", "device": "VLC", **more}
    return Viewing(key, ViewingKind(kind), item, f"Title of {item}", at, at + timedelta(minutes=minutes), **more)


def told(*viewings) -> None:
    sys.modules["pretend_panel"].VIEWINGS[:] = viewings


def read(shop: Shop, hours: int = 12, **more):
    with shop.app.app_context(), clock.business_time(START + timedelta(hours=hours)):
        return read_viewings(SYSTEM, shop.panel_id, **more)


def used(shop: Shop) -> list[tuple[str, int]]:
    return sorted((event.event_id, event.quantity) for event in rows(shop, UsageEvent))


def test_each_is_kept_once_and_rated_once(tv: Shop):
    told(seen(tv, "a", 0, 90), seen(tv, "b", 100, 30, item="78"))
    assert read(tv).new == 2
    assert read(tv, 13).new == 0  # the overlap tells them again
    assert used(tv) == [("a", 150), ("b", 50)]  # 1.50 and 0.50 hours
    (first, _) = sorted(rows(tv, Row), key=lambda row: row.began)
    assert (first.service_id, first.country, first.device) == (line(tv).id, "FI", "VLC")
    assert {(one.item, one.title) for one in rows(tv, ContentTitle)} == {("77", "Title of 77"), ("78", "Title of 78")}


def test_a_reader_that_dies_in_the_middle_begins_the_window_again(tv: Shop):
    told(seen(tv, "a"), PanelUnreachable("it went away"), seen(tv, "b", 100))
    with pytest.raises(PanelUnreachable):
        read(tv)
    (cursor,) = rows(tv, ViewingCursor)
    assert "went away" in cursor.error
    told(seen(tv, "a"), seen(tv, "b", 100))
    read(tv)
    assert [key for key, _ in used(tv)] == ["a", "b"]
    assert rows(tv, ViewingCursor)[0].error == ""


def killed(shop: Shop, point: str) -> None:
    """A reader in a process of its own dies at that point."""
    child = os.fork()
    if child == 0:
        # the third window is the first that has something to tell
        crash._wanted, crash._left = point, 3 if point == "viewings.window_read" else 1
        try:
            with shop.app.app_context():
                db.engine.dispose(close=False)
                read(shop)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


@pytest.mark.parametrize("point", CRASH_POINTS_OF_VIEWINGS)
def test_a_reader_that_is_killed_loses_nothing_and_counts_nothing_twice(tv: Shop, point):
    told(seen(tv, "a"), seen(tv, "b", 100), seen(tv, "film", 200, 60, "film", "9"))
    killed(tv, point)
    assert rows(tv, ViewingCursor)[0].read_to <= START + timedelta(seconds=1)  # the window is not whole
    assert len(used(tv)) == (0 if point == "viewings.stored" else 3)  # a batch is whole, or it is not there
    read(tv)
    assert used(tv) == [("a", 100), ("b", 100), ("film", 1)]


def test_after_days_of_silence_it_catches_up_in_bounded_windows(tv: Shop):
    told(seen(tv, "a"))
    read(tv)
    told(seen(tv, "a"), seen(tv, "late", 24 * 60), seen(tv, "later", 3 * 24 * 60))
    asked = sys.modules["pretend_panel"].ASKED
    asked.clear()
    first = read(tv, 5 * 24, windows=8)
    assert first.behind
    assert len(asked) == 8
    longer = [until - since for since, until in asked if until - since > timedelta(hours=9)]
    assert longer == [timedelta(hours=54)] * 2  # once a day what came late is looked for
    assert not read(tv, 5 * 24, windows=40).behind
    assert [key for key, _ in used(tv)] == ["a", "late", "later"]


def test_what_a_panel_imports_late_is_found_by_the_overlap(tv: Shop):
    told(seen(tv, "a"))
    read(tv, 6)
    told(seen(tv, "a"), seen(tv, "slow", 4 * 60, 30))  # ended at 4:30, and was told after 6:00
    read(tv, 7)
    assert [key for key, _ in used(tv)] == ["a", "slow"]


def test_what_came_a_night_late_is_found_by_the_first_reading_of_a_day(tv: Shop):
    """A server of the panel was cut off from it: what ended at 5:30 was told after eight in the evening."""
    told(seen(tv, "a"))
    read(tv, 6)
    read(tv, 20)
    told(seen(tv, "a"), seen(tv, "cut off", 5 * 60, 30))
    read(tv, 22)
    assert [key for key, _ in used(tv)] == ["a"]
    read(tv, 25)
    assert [key for key, _ in used(tv)] == ["a", "cut off"]


def test_a_stranger_is_kept_and_counted_when_adopted(tv: Shop):
    told(seen(tv, "a", ref="nobody", login="guest9"), seen(tv, "ghost", 120, ref="", login=""))
    assert read(tv).unknown == 2
    assert used(tv) == []
    tv.change(Service, line(tv).id, login="guest9")
    assert read(tv, 13).matched == 1
    assert used(tv) == [("a", 100)]
    assert read(tv, 14).matched == 0


def test_what_can_not_be_is_left_out_and_costs_no_other(tv: Shop):
    backwards = Viewing("x", ViewingKind.LIVE, "77", "", START + timedelta(hours=2), START + timedelta(hours=1))
    told(seen(tv, "a"), backwards, seen(tv, "y" * 81), seen(tv, "", 5))
    report = read(tv)
    assert (report.new, report.odd) == (1, 3)


def test_zapping_counts_for_nothing_and_a_long_id_is_counted_all_the_same(tv: Shop):
    told(seen(tv, "zap", 0, 0), seen(tv, "k" * 80, 10, 60))
    read(tv)
    assert [quantity for _, quantity in used(tv)] == [100]


def test_a_film_in_two_sittings_is_one_view(tv: Shop):
    told(
        seen(tv, "one", 0, 40, "film", "9"), seen(tv, "two", 60, 50, "film", "9"),
        seen(tv, "other", 60, 50, "film", "10"), seen(tv, "again", 600, 90, "film", "9"),
    )  # fmt: skip
    read(tv, 20)
    assert used(tv) == [("again", 1), ("one", 1), ("other", 1)]


def test_views_count_from_when_their_rule_was_saved(shop: Shop):
    """What was watched before is on nobody's invoice, also when the film is watched again two days later."""
    watched(shop)
    with shop.app.app_context(), writing(SYSTEM) as tx:
        tx.session.execute(delete(ViewingRule).where(ViewingRule.kind == "film"))
    before = seen(shop, "before", 0, 60, "film", "9")
    told(before)
    read(shop, 6)
    with shop.app.app_context(), writing(SYSTEM) as tx:
        save_viewing_rule(tx, shop.seller_id, ViewingMeasure("film", "films", "views", gap_minutes=60))
    told(before, seen(shop, "after", 30 * 60, 60, "film", "9"))
    read(shop, 36)
    assert used(shop) == [("after", 1)]


@pytest.mark.parametrize("last_first", [False, True])
def test_a_long_row_of_sessions_is_one_view_in_whatever_order_it_is_read(shop: Shop, last_first):
    """A song every day for a fortnight, and a gap of a day: each session joins the one before."""
    watched(shop)
    with shop.app.app_context(), writing(SYSTEM) as tx:
        save_viewing_rule(tx, shop.seller_id, ViewingMeasure("film", "films", "views", gap_minutes=1440))
    days = [seen(shop, f"day-{day:02}", day * 24 * 60, 60, "film", "9") for day in range(14)]
    for day in reversed(days) if last_first else days:
        with shop.app.app_context(), clock.business_time(START + timedelta(days=15)), writing(SYSTEM) as tx:
            assert store(tx, shop.panel_id, [day]).new == 1
    assert sum(quantity for _, quantity in used(shop)) == 1


def test_a_panel_under_maintenance_or_that_does_not_tell_is_left_alone(tv: Shop):
    told(seen(tv, "a"))
    tv.change(Panel, tv.panel_id, maintenance=True)
    assert read(tv) is None
    assert rows(tv, Row) == []


def test_addresses_are_forgotten_first_and_viewings_later(tv: Shop):
    told(seen(tv, "a"))
    read(tv)
    for days, kept in ((10, ["203.0.113.7"]), (31, [""]), (401, [])):
        with tv.app.app_context(), clock.business_time(START + timedelta(days=days)), writing(SYSTEM) as tx:
            purge_viewings(tx)
        assert [row.ip for row in rows(tv, Row)] == kept
    assert used(tv) == [("a", 100)]  # what is owed stays


def test_uses_of_short_addresses_are_forgotten_like_viewings(shop: Shop):
    watched(shop)
    with shop.app.app_context(), writing(SYSTEM) as tx:
        code = {"digest": "d", "sealed": "s", "created_at": clock.now()}
        tx.session.add(AccessCode(id=1, service_id=line(shop).id, **code))
        tx.session.flush()
        for days in (1, 31, 401):
            at = clock.now() - timedelta(days=days)
            tx.session.add(AccessCodeUse(code_id=1, at=at, ip="203.0.113.7", agent="VLC", outcome="led_on"))
        tx.session.flush()
        purge_viewings(tx)
    assert [(use.ip, use.agent) for use in rows(shop, AccessCodeUse)] == [("203.0.113.7", "VLC"), ("", "")]


def test_boxes_of_nobody_hide_no_box_that_was_adopted(shop: Shop):
    """Two thousand strangers' boxes come first in whatever order the database tells them."""
    watched(shop)
    strangers = [seen(shop, f"s{n:04}", n % 60, ref="", remote_id=f"mag:{n}") for n in range(1000, 3000)]
    ours = seen(shop, "z", 0, 60, ref="", remote_id="mag:999999")
    with shop.app.app_context(), clock.business_time(START + timedelta(days=1)), writing(SYSTEM) as tx:
        store(tx, shop.panel_id, [*strangers, ours])
    shop.change(Service, line(shop).id, handle_data={"mag_id": "999999"})
    with shop.app.app_context(), clock.business_time(START + timedelta(days=1)):
        assert match_viewings(SYSTEM, shop.panel_id) == 1
    assert used(shop) == [("z", 100)]


def test_a_rule_that_can_not_count_is_refused(tv: Shop):
    for field, rule in (
        ("metric", ViewingMeasure("live", "nothing", "hours")),
        ("metric", ViewingMeasure("live", "films", "hours")),
        ("kind", ViewingMeasure("opera", "hours", "hours")),
        ("measure", ViewingMeasure("live", "hours", "days")),
        ("measure", ViewingMeasure("film", "hours", "views")),
        ("gap_minutes", ViewingMeasure("film", "films", "views", gap_minutes=9999)),
    ):
        with tv.app.app_context(), pytest.raises(InvalidInput) as refused, writing(SYSTEM) as tx:
            save_viewing_rule(tx, tv.seller_id, rule)
        assert refused.value.field == field


SESSIONS = st.lists(st.tuples(st.integers(0, 600), st.integers(5, 120)), min_size=1, max_size=7, unique=True)


def sittings(sessions, gap=60) -> int:
    """How many views these (begin, length) are, in minutes, by the meaning of the rule."""
    count, ends = 0, None
    for began, length in sorted(sessions):
        count += ends is None or began > ends + gap
        ends = max(ends or 0, began + length) if ends is not None and began <= ends + gap else began + length
    return count


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(sessions=SESSIONS, order=st.randoms(use_true_random=False))
def test_how_many_views_there_are_does_not_depend_on_the_order_in_which_they_come(shop: Shop, sessions, order):
    if not rows(shop, Service):
        watched(shop)
    item = f"film-{len(rows(shop, Row))}"
    every = [seen(shop, f"{item}:{began}:{length}", began, length, "film", item) for began, length in sessions]
    order.shuffle(every)
    half = len(every) // 2
    told(*every[:half])
    read(shop, 20)
    told(*every)
    with shop.app.app_context(), writing(SYSTEM) as tx:
        tx.session.execute(delete(ViewingCursor))  # as if it had been set back
    read(shop, 20)
    counted = [quantity for key, quantity in used(shop) if key.startswith(f"{item}:")]
    assert sum(counted) == sittings(sessions)
