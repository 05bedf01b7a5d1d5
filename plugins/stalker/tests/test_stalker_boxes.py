"""What a box sees of it: messages, new channels without a restart, who is there, and a session that is cut."""

import logging
from dataclasses import replace

import pytest

from billhead.plugin import Handle, LineKind, LiveSession, PanelOutcomeUnknown, PanelRejected
from billhead_stalker.client import Portal
from billhead_stalker.identifiers import OneBox


@pytest.fixture
def told(bench, alice):
    """Alice's line, in step, and her box, switched on."""
    _, alice = bench.converge(alice)
    box = bench.box(alice.mac)
    bench.calls()
    return alice, box


def test_a_message_comes_to_this_box_alone_as_text_and_not_as_html(bench, told):
    alice, box = told
    bench.stands(login="bystander", account_number="77", stb_mac="00:1A:79:00:00:07")
    bench.module.show_message(bench.connection(), alice, " Tom & Jerry <script>\nPay until Friday ")
    assert box.next_event()["msg"] == "Tom &amp; Jerry &lt;script&gt;<br>Pay until Friday"
    assert len(bench.events()) == 1
    assert bench.calls() == {"accounts.GET": 1, "stb_msg.POST": 1, "device.get_events": 1}


def test_a_message_comes_with_the_video_that_it_names(bench, told):
    alice, box = told
    bench.module.show_message(bench.connection(), alice, "How to <pay>", "https://films.example/pay.mp4?a=1&b=2")
    heard = box.next_event()
    assert (heard["event"], heard["msg"]) == ("send_msg_with_video", "How to &lt;pay&gt;")
    assert heard["video"] == "https://films.example/pay.mp4?a=1&b=2"
    assert bench.calls() == {"accounts.GET": 1, "send_event.POST": 1, "device.get_events": 1}


def test_a_message_waits_a_week_for_a_box_that_is_off(bench, alice):
    _, alice = bench.converge(alice)
    bench.module.show_message(bench.connection(), alice, "Welcome")
    clock = bench.sandbox.state.clock
    clock.set(clock.now() + 6 * 86_400, frozen=False)
    assert bench.box(alice.mac).next_event()["msg"] == "Welcome"


@pytest.mark.parametrize("text", ["", "  \n "])
def test_an_empty_message_is_refused(bench, told, text):
    with pytest.raises(PanelRejected, match="empty"):
        bench.module.show_message(bench.connection(), told[0], text)
    assert bench.calls() == {}


def test_a_message_to_a_line_that_is_not_there_reaches_nobody(bench, told, alice):
    stranger = replace(alice, handle=Handle("zzzz2345"), login="zoe", mac=None)
    with pytest.raises(PanelRejected, match="no account"):
        bench.module.show_message(bench.connection(), stranger, "Hello")
    assert bench.events() == []


def test_a_message_to_a_number_that_several_share_reaches_nobody(bench, told):
    alice, _ = told
    bench.stands(login="bob", account_number=alice.handle.ref)
    with pytest.raises(PanelRejected, match="several accounts"):
        bench.module.show_message(bench.connection(), alice, "Your password is …")
    assert bench.events() == []


def test_a_message_whose_answer_was_lost_is_unknown_and_not_sent_again(bench, told):
    bench.sandbox.state.faults.add(kind="crash", match="stalker.stb_msg.POST", count=1)
    with pytest.raises(PanelOutcomeUnknown):
        bench.module.show_message(bench.connection(), told[0], "Hello")
    assert len(bench.events()) == 1


def test_a_box_that_is_on_loads_its_channels_anew_when_plan_or_packages_change(bench, told):
    alice, box = told
    few = box.channels()
    _, alice = bench.converge(replace(alice, bouquets=frozenset({"PKG_SPORT"})))
    waiting = [event for event, _ in bench.events()]
    assert "update_channels" in waiting
    assert box.channels() > few
    bench.calls()
    bench.converge(replace(alice, plan="PREMIUM", bouquets=frozenset()))
    assert bench.calls()["send_event.POST"] == 1


def test_a_renewal_tells_the_box_nothing_and_a_block_is_told_by_the_portal_itself(bench, told):
    alice, box = told
    _, alice = bench.converge(replace(alice, expires_at=None))
    assert bench.events() == []
    bench.converge(replace(alice, blocked=True))
    assert box.next_event()["event"] == "cut_off"
    assert "send_event.POST" not in bench.calls()


def test_a_box_that_is_off_or_that_the_operator_leaves_alone_is_not_told(bench, alice):
    _, alice = bench.converge(alice)
    bench.converge(replace(alice, bouquets=frozenset({"PKG_SPORT"})))
    bench.box(alice.mac)
    bench.converge(replace(alice, bouquets=frozenset({"PKG_KIDS"})), refresh_boxes=False)
    assert "send_event.POST" not in bench.calls()


def test_a_box_that_could_not_be_told_is_in_step_all_the_same(bench, told, caplog):
    alice, _ = told
    caplog.set_level(logging.WARNING)
    bench.sandbox.state.faults.add(kind="html", match="stalker.send_event.POST")
    seen, _ = bench.converge(replace(alice, bouquets=frozenset({"PKG_SPORT"})))
    assert seen.bouquets == {"PKG_SPORT"}
    assert "was not told of its new channels" in caplog.text


def test_who_is_there_is_who_gives_signs_of_life(bench, told):
    alice, _ = told
    panel = bench.connection()
    assert bench.module.live_sessions(panel, alice) == (LiveSession(alice.mac, "", ip="127.0.0.1", device="MAG250"),)
    (listed,) = bench.module.live_everywhere(panel)
    assert (listed.ref, listed.session) == (alice.handle.ref, LiveSession(alice.mac, "", ip="127.0.0.1"))
    clock = bench.sandbox.state.clock
    clock.set(clock.now() + 130, frozen=False)
    assert bench.module.live_sessions(panel, alice) == ()
    assert list(bench.module.live_everywhere(panel)) == []
    assert bench.module.live_sessions(panel, replace(alice, handle=Handle("zzzz2345"))) == ()


def test_a_cut_session_has_to_authorise_again_and_a_strangers_goes_on(bench, told):
    alice, box = told
    panel = bench.connection()
    bench.module.kick(panel, alice, "00:1A:79:00:00:07")
    assert box.channels() > 0
    bench.module.kick(panel, alice, alice.mac)
    assert box.asked("itv", "get_all_channels").text == "Authorization failed."
    bench.module.kick(panel, alice, alice.mac)
    assert bench.box(alice.mac).channels() > 0  # it is not blocked


def test_a_line_that_is_gone_has_nobody_to_cut(bench, told):
    alice, _ = told
    bench.module.remove(bench.connection(), alice)
    bench.module.kick(bench.connection(), alice, alice.mac)


def test_an_app_without_a_box_is_cut_by_its_login(bench, alice):
    app = replace(alice, kind=LineKind.STREAM, mac=None)
    _, app = bench.converge(app)
    bench.sandbox.state.store.run("UPDATE stalker_accounts SET token = 'T'")
    bench.module.kick(bench.connection(), app, "alice")
    assert bench.account()["token"] != "T"


def test_the_check_looks_at_the_side_for_boxes_too_and_leaves_no_trace(bench):
    bench.portal_settings(auto_add_stb=True)
    assert "no token" not in bench.module.check(bench.connection())
    bench.sandbox.state.faults.add(kind="html", match="stalker.device.*")
    assert "gives them no token" in bench.module.check(bench.connection())
    assert bench.accounts() == []


@pytest.mark.parametrize("wide", ["", "0", "1001,1002", "a2b3c4d5e6f7", "user@example.com", "00-1A-79-AA-BB-01"])
def test_what_is_said_to_boxes_can_not_be_said_to_more_than_one(bench, told, wide):
    """Twelve characters are a MAC to these resources, nothing is everybody."""
    portal = Portal(bench.connection())
    for say in (
        lambda: portal.show_message(wide, "Hello"),
        lambda: portal.send_event(wide, "reboot"),
        lambda: portal.end_sessions(wide),
        lambda: portal.subscribe(wide, ["PKG_SPORT"], []),
    ):
        with pytest.raises(PanelRejected):
            say()
    with pytest.raises(PanelRejected):
        OneBox(wide)
    assert bench.calls() == {}


@pytest.mark.parametrize("resource", ["stb_msg", "send_event", "stb_auth", "account_subscription", "accounts", "users"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_no_write_but_a_create_goes_without_somebody(bench, method, resource):
    portal = Portal(bench.connection())
    if (method, resource) == ("POST", "accounts"):
        return
    with pytest.raises(ValueError, match="would act on everybody"):
        portal._write(method, resource, None, {"status": "0"})
    assert bench.calls() == {}
