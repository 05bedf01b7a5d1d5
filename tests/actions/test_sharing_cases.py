"""Lines that look shared are put up for review; what becomes of one is audited, and nothing happens by itself."""

import sys
from datetime import timedelta

import pytest
from sqlalchemy import select
from web_shop import Shop

from billhead import clock
from billhead.actions.freeze import set_freeze
from billhead.actions.notifications._facts import gather
from billhead.actions.notifications._render import render
from billhead.actions.usage._lines import DAY, epoch
from billhead.actions.viewings._looks import Looks, looks_at
from billhead.actions.viewings.find_sharing import find_sharing
from billhead.actions.viewings.look_live import look_live
from billhead.actions.viewings.purge_viewings import purge_viewings
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.models.operations import AuditEntry, Job, Notice
from billhead.models.panels import Panel
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Service, Subscription
from billhead.models.viewings import LiveSighting, SharingCase, Viewing
from billhead.plugin import LiveOnLine, LiveSession, PanelUnreachable
from billhead.web.admin.sharing import looked_at

SYSTEM = Context.system("test")


@pytest.fixture
def tv(shop: Shop) -> Shop:
    browser = shop.customer()
    shop.order(browser)
    shop.pay()
    shop.work()
    shop.change(Seller, shop.seller_id, watching={"most_networks": 2, "most_addresses": 3})
    return shop


def rows(shop: Shop, table):
    with shop.app.app_context(), reading() as session:
        return list(session.scalars(select(table).order_by(next(iter(table.__table__.primary_key)))))


def watched_in(shop: Shop, *ips: str, hours_ago=3) -> None:
    with shop.app.app_context(), writing(SYSTEM) as tx:
        count = len(tx.session.scalars(select(Viewing)).all())
        for n, ip in enumerate(ips):
            began = epoch(clock.business_now()) - hours_ago * 3600 + n * 600
            tx.session.add(
                Viewing(
                    panel_id=shop.panel_id, viewing_id=f"v{count + n}", service_id=1, day=began // DAY, began=began,
                    ended=began + 300, kind="live", item="77", ref="", login="", ip=ip, country="FI", device="VLC",
                    counted=0,
                )
            )  # fmt: skip


def look(shop: Shop) -> None:
    with shop.app.app_context(), writing(SYSTEM) as tx:
        assert find_sharing(tx) in (0, 1)


PLACES = ("198.51.1.1", "198.51.2.1", "198.51.3.1", "198.51.4.1")


def freeze(shop: Shop, *, on: bool) -> None:
    with shop.app.app_context(), writing(SYSTEM) as tx:
        set_freeze(tx, "panels", on)


def case(shop: Shop) -> SharingCase:
    (found,) = rows(shop, SharingCase)
    return found


def test_a_line_is_put_up_once_and_grows(tv: Shop):
    watched_in(tv, *PLACES)
    look(tv)
    look(tv)
    assert (case(tv).state, case(tv).score) == ("open", 66 + 100)  # 4 of 3 addresses, 4 of 2 networks
    watched_in(tv, "198.51.5.1", "198.51.6.1", hours_ago=6)
    look(tv)
    assert case(tv).score == 100 + 150
    assert "sharing" not in [one.kind for one in rows(tv, Notice)]
    assert not rows(tv, Service)[0].desired_blocked


def test_what_was_watched_long_ago_counts_for_nothing(tv: Shop):
    watched_in(tv, *PLACES, hours_ago=60)
    look(tv)
    assert rows(tv, SharingCase) == []


@pytest.mark.parametrize("step", ["ignore", "warn", "limit", "block"])
def test_each_deed_is_done_once_with_its_reason(tv: Shop, step):
    watched_in(tv, *PLACES)
    look(tv)
    tv.change(Service, 1, desired_connections=3)
    staff = tv.person("staff", "boss@example.com", "*")
    page = staff.get("/admin/sharing/1").text
    assert "198.51.2.1" in page
    assert "Different networks" in page
    answer = staff.post(f"/admin/sharing/1/{step}", {"reason": "seen in six towns"}, page="/admin/switches")
    assert answer.status_code == 303, answer.text
    again = staff.post(f"/admin/sharing/1/{step}", {"reason": "twice"}, page="/admin/switches")
    assert again.status_code == 422
    audited = [(row.subject, row.reason) for row in rows(tv, AuditEntry) if row.action == f"sharing.{step}"]
    assert audited == [("service:1", "seen in six towns")]
    tv.work()
    (service,), (subscription,) = rows(tv, Service), rows(tv, Subscription)
    assert (subscription.state == "suspended") == (step == "block")
    assert ("sharing" in [one.kind for one in rows(tv, Notice)]) == (step == "warn")
    assert service.capped_connections == (1 if step == "limit" else None)
    look(tv)
    assert len(rows(tv, SharingCase)) == 1  # settled: it has its peace for two weeks


def test_a_limit_reaches_the_panel_and_is_lifted_again(tv: Shop):
    watched_in(tv, *PLACES)
    look(tv)
    tv.change(Service, 1, desired_connections=3, desired_version=9)
    staff = tv.person("staff", "boss@example.com", "*")
    staff.post("/admin/sharing/1/limit", {"reason": "enough"}, page="/admin/switches")
    tv.work()
    assert rows(tv, Service)[0].observed["connections"] == 1
    assert "Lift the limit of 1" in staff.get("/admin/services/1").text
    staff.post("/admin/services/1/lift-cap", {"reason": "they moved"}, page="/admin/switches")
    tv.work()
    assert rows(tv, Service)[0].observed["connections"] == 3


def test_everybody_is_cut_by_a_job(tv: Shop):
    watched_in(tv, *PLACES)
    look(tv)
    panel, handle = sys.modules["pretend_panel"], rows(tv, Service)[0].handle
    panel.SESSIONS[handle] = [LiveSession("a", "77"), LiveSession("b", "78")]
    staff = tv.person("staff", "boss@example.com", "*")
    staff.post("/admin/sharing/1/kick", {"reason": "enough"}, page="/admin/switches")
    assert case(tv).settled_at is None  # nobody is cut yet
    freeze(tv, on=True)
    tv.work()
    assert (panel.CUT, case(tv).state) == ([], "open")
    freeze(tv, on=False)
    with clock.business_time(clock.business_now() + timedelta(minutes=16)):
        tv.work()
    assert [(handle, "a"), (handle, "b")] == panel.CUT
    (asked,) = [row for row in rows(tv, AuditEntry) if row.action == "sharing.kick"]
    assert (case(tv).state, case(tv).settled_by) == ("kicked", asked.actor)


def test_only_what_the_lines_panel_can_do_is_offered_and_done(tv: Shop, monkeypatch):
    watched_in(tv, *PLACES)
    rules = {"most_networks": 2, "most_addresses": 3, "acts_by_itself": "limit", "acts_from": 100}
    tv.change(Seller, tv.seller_id, watching=rules)
    panel = sys.modules["pretend_panel"]
    monkeypatch.setattr(panel, "CANNOT", {"kick", "connections"})
    look(tv)
    assert (case(tv).state, rows(tv, Service)[0].capped_connections) == ("open", None)
    staff = tv.person("staff", "boss@example.com", "*")
    offered = staff.get("/admin/sharing/1").text
    assert [word in offered for word in ("Warn", "Block it", "Limit it", "Cut them")] == [True, True, False, False]
    for step, why in (("kick", "cut a session"), ("limit", "how many streams")):
        answer = staff.post(f"/admin/sharing/1/{step}", {"reason": "enough"}, page="/admin/switches")
        assert (answer.status_code, why in answer.text) == (422, True)
    assert case(tv).state == "open"
    assert "access.cut_all" not in [job.kind for job in rows(tv, Job)]
    monkeypatch.setattr(panel, "CANNOT", set())
    look(tv)
    assert (case(tv).state, rows(tv, Service)[0].capped_connections) == ("limited", 1)


def test_by_itself_only_what_the_operator_said_and_only_from_their_score(tv: Shop):
    rules = {"most_networks": 2, "most_addresses": 3, "acts_by_itself": "block", "acts_from": 200}
    tv.change(Seller, tv.seller_id, watching=rules)
    watched_in(tv, *PLACES)
    look(tv)
    assert case(tv).state == "open"
    watched_in(tv, "198.51.5.1", "198.51.6.1", hours_ago=6)
    look(tv)
    assert case(tv).state == "blocked"
    assert rows(tv, Subscription)[0].suspended_for == "staff"
    (audited,) = [row for row in rows(tv, AuditEntry) if row.action == "sharing.block"]
    assert audited.reason == "by itself, at a score of 250"


def test_what_staff_decided_is_not_decided_again_by_itself_while_the_panel_takes_its_time(tv: Shop):
    watched_in(tv, *PLACES)
    look(tv)
    staff = tv.person("staff", "boss@example.com", "*")
    staff.post("/admin/sharing/1/kick", {"reason": "enough"}, page="/admin/switches")
    rules = {"most_networks": 2, "most_addresses": 3, "acts_by_itself": "block", "acts_from": 100}
    tv.change(Seller, tv.seller_id, watching=rules)
    look(tv)
    assert (case(tv).state, rows(tv, Subscription)[0].suspended_for) == ("open", "")
    tv.work()
    assert case(tv).state == "kicked"


def test_the_warning_names_nobody_elses_address(tv: Shop):
    with tv.app.app_context(), reading() as session:
        notice = Notice(customer_id=1, kind="sharing", data={"service_id": 1, "case_id": 1})
        told = render("sharing", gather(session, notice))
    assert "Basic was watched at more places" in told.text
    assert "198.51" not in told.text + told.html


def seen_at(shop: Shop, hour: float, *places: tuple[str, str]) -> None:
    """At that hour from now these watch, each (session, address); the panel is looked at."""
    panel, handle = sys.modules["pretend_panel"], rows(shop, Service)[0].handle
    now = clock.business_now() + timedelta(hours=hour)
    panel.SESSIONS[handle] = [LiveSession(key, "77", now - timedelta(minutes=10), ip, "FI") for key, ip in places]
    with shop.app.app_context(), clock.business_time(now):
        assert look_live(SYSTEM, shop.panel_id) == 1


def look_at(shop: Shop, hour: float) -> None:
    at = clock.business_now() + timedelta(hours=hour)
    with shop.app.app_context(), clock.business_time(at), writing(SYSTEM) as tx:
        find_sharing(tx)


def test_who_watches_right_now_counts_before_any_panel_has_told_it(tv: Shop):
    seen_at(tv, 0, ("a", PLACES[0]), ("b", PLACES[1]))
    seen_at(tv, 0.5, ("a", PLACES[0]), ("c", PLACES[2]), ("d", PLACES[3]))
    look_at(tv, 0.6)
    assert (case(tv).score, set(case(tv).reasons)) == (
        66 + 100 + 50 * 20 // 5,
        {"addresses", "networks", "overlap_minutes"},
    )
    staff = tv.person("staff", "boss@example.com", "*")
    assert "Seen while it was watched" in staff.get("/admin/sharing/1").text
    with tv.app.app_context(), clock.business_time(clock.business_now() + timedelta(days=9)), writing(SYSTEM) as tx:
        purge_viewings(tx)
    assert rows(tv, LiveSighting) == []


def test_a_panel_that_lists_who_watches_is_asked_once_for_all_its_lines(tv: Shop, monkeypatch):
    panel, line = sys.modules["pretend_panel"], rows(tv, Service)[0]

    def on(key: str, ip: str, **whose: str) -> LiveOnLine:
        return LiveOnLine(LiveSession(key, "77", clock.business_now() - timedelta(minutes=10), ip, "FI"), **whose)

    listed = [
        on("a", PLACES[0], ref=line.handle),
        on("b", PLACES[1], login=line.login),
        on("z", PLACES[2], login="who"),
    ]
    monkeypatch.setattr(panel, "ALL_ON", listed)
    monkeypatch.setitem(panel.SESSIONS, line.handle, AssertionError("asked line by line"))
    with tv.app.app_context():
        assert look_live(SYSTEM, tv.panel_id) == 1
    assert sorted((row.service_id, row.session, row.ip) for row in rows(tv, LiveSighting)) == [
        (line.id, "a", PLACES[0]),
        (line.id, "b", PLACES[1]),
    ]
    staff = tv.person("staff", "boss@example.com", "*")
    assert "who watches on its 1 line is read each hour" in staff.get("/admin/sharing").text


TURNS = [  # lines, calls a second, lines each hour, hours for all
    (150, 0, 200, 1), (4_800, 0, 200, 24), (24_000, 0, 1_000, 24), (100_000, 0, 2_000, 50), (100_000, 1, 1_800, 56),
]  # fmt: skip


def test_each_line_has_its_turn_within_the_window_or_the_page_says_that_it_has_not(tv: Shop, monkeypatch):
    staff = tv.person("staff", "boss@example.com", "*")
    told = "who watches is asked each hour for 1 of 1 line, so all of them within 1 hour."
    assert told in staff.get("/admin/sharing").text
    with tv.app.test_request_context("/admin/sharing"), reading() as session:
        panel = session.get_one(Panel, tv.panel_id)
        session.expunge(panel)
        for lines, calls_per_second, each, hours in TURNS:
            panel.calls_per_second = calls_per_second
            monkeypatch.setattr(session, "scalar", lambda _, lines=lines: lines)
            looks = looks_at(session, panel)
            assert looks == Looks(lines, each, hours, 24)
            assert ("goes unseen" in looked_at("P", looks)) == (hours > 24)


def test_a_session_that_was_seen_and_then_told_counts_once(tv: Shop):
    """One household, one stream: seen at noon, told by the panel when it has ended."""
    watched_in(tv, PLACES[0], hours_ago=0)  # from now for five minutes
    seen_at(tv, 0.05, ("live-id", PLACES[0]))
    look_at(tv, 2)
    assert rows(tv, SharingCase) == []
    panel, handle = sys.modules["pretend_panel"], rows(tv, Service)[0].handle
    panel.SESSIONS[handle] = PanelUnreachable("down")
    with tv.app.app_context():
        assert look_live(SYSTEM, tv.panel_id) == 0
    tv.change(Panel, tv.panel_id, maintenance=True)
    with tv.app.app_context():
        assert look_live(SYSTEM, tv.panel_id) == 0
