"""A line is tried as its own box or app would: what the portal really lets in, with no trace of the question."""

from dataclasses import replace

import pytest

from billhead.plugin import BoxCommand, Handle, LineKind, PanelOutcomeUnknown, PanelRejected, PanelUnreachable


@pytest.fixture
def line(bench, alice):
    _, alice = bench.converge(alice)
    bench.portal_settings(token_delay=0)
    bench.calls()
    return alice


def proof(bench, line, **more):
    return bench.module.prove(bench.connection(), line, **more)


def test_a_paid_box_gets_its_channels_and_a_blocked_one_is_turned_away(bench, line):
    found = proof(bench, line)
    assert (found.serves, found.disturbs) == (True, False)
    assert found.said == "The portal lets this box in and gives it 3 channels"
    assert bench.calls() == {
        "accounts.GET": 1, "device.handshake": 1, "device.get_profile": 1, "device.get_all_channels": 1,
    }  # fmt: skip
    _, line = bench.converge(replace(line, blocked=True))
    assert proof(bench, line).serves is False


def test_what_somebody_changed_on_the_portal_shows(bench, line):
    """Billhead's own copy says that all is well."""
    bench.sandbox.state.store.run("UPDATE stalker_accounts SET blocked = 1")
    assert proof(bench, line).said == "The portal denies this box its channels"


def test_another_box_on_the_account_is_not_taken_for_this_one(bench, line):
    """Somebody else has its MAC by now, and would be let in."""
    bench.sandbox.state.store.run("UPDATE stalker_accounts SET stb_mac = '00:1A:79:00:00:77'")
    bench.stands(login="bystander", account_number="77", stb_mac=line.mac)
    found = proof(bench, line)
    assert (found.serves, found.said) == (
        None, "The portal has another box on this account: bring it in step first",
    )  # fmt: skip
    assert "device.handshake" not in bench.calls()


def test_it_registers_no_box_and_does_not_make_this_one_look_as_if_it_were_on(bench, line):
    bench.portal_settings(auto_add_stb=True)
    before = bench.account()
    proof(bench, line)
    after = bench.account()
    assert {**after, "token": ""} == {**before, "token": ""}
    stranger = replace(line, handle=Handle("zzzz2345"), login="zoe", mac="00:1A:79:00:00:55")
    found = proof(bench, stranger)
    assert (found.serves, found.said[:32]) == (None, "The portal has no account of thi")
    assert len(bench.accounts()) == 1


def test_a_box_that_is_on_keeps_its_session_unless_that_was_confirmed(bench, line):
    box = bench.box(line.mac)
    found = proof(bench, line)
    assert (found.serves, found.disturbs) == (None, True)
    assert found.facts["Model"] == "MAG250"
    assert found.facts["Serial number"] == "SN1"
    assert box.channels() == 3
    assert proof(bench, line, disturb=True).serves is True
    assert box.asked("itv", "get_all_channels").text == "Authorization failed."
    assert bench.box(line.mac).channels() == 3


def test_an_app_is_tried_with_its_login_and_password(bench, alice):
    bench.portal_settings(token_delay=0)
    app = replace(alice, kind=LineKind.STREAM, mac=None)
    _, app = bench.converge(app)
    assert proof(bench, app).serves is True
    wrong = proof(bench, replace(app, password="somebody-else"))
    assert (wrong.serves, wrong.said) == (False, "The portal does not take this login with this password")
    _, app = bench.converge(replace(app, blocked=True))
    assert proof(bench, app).said == "The portal says that this login is disabled"


@pytest.mark.parametrize("kind", ["html", "empty", "truncated", "garbled", "crash", "reset"])
@pytest.mark.parametrize("call", ["handshake", "get_all_channels"])
def test_an_answer_that_tells_nothing_proves_nothing(bench, line, call, kind):
    bench.sandbox.state.faults.add(kind=kind, match=f"stalker.device.{call}", count=1)
    with pytest.raises(PanelUnreachable):
        proof(bench, line)


def test_a_token_that_was_taken_over_meanwhile_is_no_refusal(bench, line, monkeypatch):
    from billhead_stalker.proving import Device

    real = Device._ask

    def ask(self, mac, bearer, kind, action, **more):
        if action == "get_all_channels":
            bench.box(mac)
        return real(self, mac, bearer, kind, action, **more)

    monkeypatch.setattr(Device, "_ask", ask)
    with pytest.raises(PanelUnreachable, match="try again"):
        proof(bench, line)


def test_each_command_that_is_offered_is_an_event_of_the_portal_and_comes_to_this_box_alone(bench, line):
    box = bench.box(line.mac)
    bench.stands(login="bystander", account_number="77", stb_mac="00:1A:79:00:00:07")
    told = ["reboot", "reload_portal", "update_channels", "show_menu", "update_image", "cut_off"]
    told += ["play_channel", "play_radio_channel"]
    assert bench.module.capabilities(bench.connection()).commands == set(BoxCommand)
    for command in BoxCommand:
        bench.module.command(bench.connection(), line, command, 7 if command.names_channel else None)
    heard = [box.next_event() for _ in told]
    assert [(one["event"], one["msg"]) for one in heard] == [(each, "7" if "play" in each else "") for each in told]
    assert len(bench.events()) == len(told)
    assert box.channels() == 3  # cut_off blocks no account


def test_a_command_is_sent_once_and_never_to_several(bench, line):
    bench.sandbox.state.faults.add(kind="crash", match="stalker.send_event.POST", count=1)
    with pytest.raises(PanelOutcomeUnknown):
        bench.module.command(bench.connection(), line, BoxCommand.RESTART)
    assert bench.events() == [("reboot", "")]
    bench.stands(login="bob", account_number=line.handle.ref)
    with pytest.raises(PanelRejected, match="several accounts"):
        bench.module.command(bench.connection(), line, BoxCommand.RESTART)
    assert bench.events() == [("reboot", "")]


def test_who_is_on_is_read_from_the_boxes_in_one_call(bench, line):
    bench.box(line.mac)
    bench.stands(login="off", account_number="78", stb_mac="00:1A:79:00:00:08")
    bench.calls()
    (one,) = bench.module.live_everywhere(bench.connection())
    assert (one.ref, one.login, one.session.id) == (line.handle.ref, "alice", line.mac)
    assert bench.calls() == {"stb.GET": 1}
