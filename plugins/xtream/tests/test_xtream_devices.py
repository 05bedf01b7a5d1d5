"""MAG and Enigma2 devices: a MAC with a hidden line, switches that do nothing, and answers about the wrong object."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest

from billhead.plugin import UNOBSERVABLE, Absent, Foreign, Found, Gone, Handle, LineKind, PanelRejected

MAC = "00:1A:79:AA:BB:01"
JUNE = datetime(2037, 6, 1, tzinfo=UTC)
KINDS = [LineKind.MAG, LineKind.ENIGMA2]


def keeping(wanted, observed, **changes):
    return replace(wanted, handle=Handle(wanted.handle.ref, observed.handle_data), **changes)


@pytest.fixture
def box(desired):
    def wanted(kind=LineKind.MAG, mac=MAC, **fields):
        return desired(kind=kind, mac=mac, **fields)

    return wanted


@pytest.mark.parametrize("kind", KINDS)
def test_a_box_is_created_renewed_blocked_and_removed(module, panel, box, converge, stored, kind):
    wanted = box(kind)
    assert module.look_up(panel, wanted) == Absent()
    observed = converge(wanted)
    row = stored(MAC)
    assert observed.handle_data["user_id"] == row["id"]
    assert (row["bouquet"], row["exp_date"], row["enabled"]) == ("[1,2]", 2114380800, 1)

    observed = converge(keeping(wanted, observed, expires_at=JUNE, bouquets=frozenset({"4"})))
    assert (stored(MAC)["exp_date"], stored(MAC)["bouquet"]) == (2127427200, "[4]")
    observed = converge(keeping(wanted, observed, expires_at=JUNE, bouquets=frozenset({"4"}), blocked=True))
    assert (observed.blocked, stored(MAC)["enabled"], stored(MAC)["exp_date"]) == (True, 0, 2127427200)

    assert module.remove(panel, keeping(wanted, observed)) == Gone()
    assert stored() == []


def test_a_mag_costs_as_few_calls_as_a_line(box, converge, calls):
    wanted = box()
    observed = converge(wanted)
    assert calls() == {"get_mags": 1, "create_mag": 1}
    converge(keeping(wanted, observed))
    assert calls() == {"get_mag": 1}
    converge(keeping(wanted, observed, expires_at=JUNE))
    assert calls() == {"get_mag": 2, "edit_mag": 1}


def test_the_hidden_login_and_the_one_connection_are_not_compared(module, panel, box, converge):
    wanted = box(login="whatever", connections=5)
    observed = converge(wanted)
    assert (observed.login, observed.password, observed.connections) == (UNOBSERVABLE,) * 3
    assert module.plan(panel, wanted, observed) == []


def test_user_agents_are_an_empty_list_and_not_null(box, converge, stored):
    converge(box())
    assert stored(MAC)["allowed_ua"] == "[]"


@pytest.mark.parametrize("kind", KINDS)
def test_another_box_for_the_same_service_is_a_change_of_mac(box, converge, stored, kind):
    wanted = box(kind)
    observed = converge(wanted)
    swapped = converge(keeping(wanted, observed, mac="00:1A:79:AA:BB:02"))
    assert swapped.mac == "00:1A:79:AA:BB:02"
    assert [row["mac"] for row in stored()] == ["00:1A:79:AA:BB:02"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_box_without_our_reference_is_known_by_the_mac_that_it_was_last_seen_with(
    module, panel, box, converge, stored, sandbox, kind
):
    """As of a box that was taken over, or whose notes staff wiped: the wanted MAC is not on the panel yet."""
    wanted = box(kind)
    converge(wanted)
    sandbox.state.store.update("lines", {"admin_notes": ""}, "1 = 1", ())
    (listed,) = module.list_lines(panel)
    assert (listed.ref, listed.observed.handle_data["mac"]) == ("", MAC)
    wish = keeping(wanted, listed.observed, mac="00:1A:79:AA:BB:02")
    swapped = converge(wish)
    assert [row["mac"] for row in stored()] == ["00:1A:79:AA:BB:02"]
    assert stored("00:1A:79:AA:BB:02")["admin_notes"].startswith("billhead:A2B3C4D5E6F")

    sandbox.state.store.update("lines", {"admin_notes": ""}, "1 = 1", ())
    assert module.remove(panel, keeping(wanted, swapped, mac="00:1A:79:AA:BB:03")) == Gone()
    assert stored() == []


def test_a_box_under_a_name_that_we_never_saw_is_not_called_gone(module, panel, box, converge, stored, sandbox):
    wanted = box()
    wish = keeping(wanted, converge(wanted), mac="00:1A:79:AA:BB:02")
    sandbox.state.store.update("lines", {"admin_notes": ""}, "1 = 1", ())
    sandbox.state.store.update("mag_devices", {"mac": "00:1A:79:AA:BB:07"}, "1 = 1", ())
    assert isinstance(module.look_up(panel, wish), Foreign)
    with pytest.raises(PanelRejected, match="is called 00:1A:79:AA:BB:07 now"):
        module.remove(panel, wish)
    assert len(stored()) == 1


def test_a_mac_that_staff_spelled_their_way_is_the_same_box(module, panel, box, converge, sandbox):
    wanted = box()
    observed = converge(wanted)
    sandbox.state.store.update("mag_devices", {"mac": "00-1a-79-aa-bb-01"}, "1 = 1", ())
    wish = keeping(wanted, observed)
    found = module.look_up(panel, wish)
    assert found.observed.mac == MAC
    assert module.plan(panel, wish, found.observed) == []


def test_a_mac_of_somebody_else_is_foreign_and_stays(module, panel, box, desired, converge, stored):
    converge(box(ref="THEIRS"))
    wanted = box()
    assert module.look_up(panel, wanted) == Foreign("mag 1 has this mac and does not carry our reference")
    assert module.remove(panel, wanted) == Gone()
    assert len(stored()) == 1


def test_the_enigma_call_that_shows_a_mag_instead_is_not_believed(module, panel, box, converge, stored):
    """MAG number 1 and Enigma2 device number 1: create_enigma answers with the MAG."""
    converge(box(ref="BOXONE"))
    wanted = box(LineKind.ENIGMA2, mac="00:1A:79:AA:BB:09", ref="BOXTWO")
    observed = converge(wanted)
    assert (observed.mac, observed.handle_data["device_id"]) == ("00:1A:79:AA:BB:09", 1)
    assert observed.handle_data["user_id"] == stored("00:1A:79:AA:BB:09")["id"]
    observed = converge(keeping(wanted, observed, expires_at=JUNE))
    assert observed.expires_at == JUNE
    assert stored(MAC)["exp_date"] == 2114380800  # the MAG was not touched


def test_a_mag_with_a_device_id_column_is_no_enigma2_device(connect, box, converge, sandbox):
    """The MAG table of some builds has a text column of that name."""

    def shows_some_mag(form):
        if form["action"][0] in ("create_enigma", "edit_enigma"):
            httpx.post(f"{sandbox.url}/sandbox/", data=form)
            mag = {"mag_id": "1", "device_id": "1", "user_id": "9", "mac": MAC, "user": {"id": "9", "username": "x"}}
            return httpx.Response(200, text=json.dumps({"status": "STATUS_SUCCESS", "data": mag}))

    panel = connect(shows_some_mag)
    wanted = box(LineKind.ENIGMA2)
    observed = converge(wanted, on=panel)
    assert observed.handle_data["user_id"] == 1
    assert converge(keeping(wanted, observed, expires_at=JUNE), on=panel).handle_data["user_id"] == 1


def test_a_block_that_the_device_call_ignores_is_made_on_its_line(connect, box, converge, stored, calls):
    def build_that_ignores_enabled(form):
        if form["action"] == ["edit_mag"]:
            form.pop("enabled")

    connection = connect(build_that_ignores_enabled)
    wanted = box()
    observed = converge(wanted, on=connection)
    calls()
    blocked = converge(keeping(wanted, observed, blocked=True), on=connection)
    assert (blocked.blocked, stored(MAC)["enabled"]) == (True, 0)
    assert calls() == {
        "get_mag": 3,
        "edit_mag": 1,
        "disable_line": 1,
        "reload_cache": 1,
        "live_connections": 1,
    }
    assert converge(keeping(wanted, observed), on=connection).blocked is False


def test_release_2_1_2_says_failure_and_has_saved_the_line(sandbox, box, converge, stored):
    wanted = box()
    observed = converge(wanted)
    sandbox.state.change_settings({"xtream": {"version": "2.1.2"}})
    observed = converge(keeping(wanted, observed, expires_at=JUNE))
    assert (observed.expires_at, stored(MAC)["exp_date"]) == (JUNE, 2127427200)


def test_release_2_1_2_cannot_change_a_mac_and_staff_are_told(sandbox, box, converge):
    wanted = box()
    observed = converge(wanted)
    sandbox.state.change_settings({"xtream": {"version": "2.1.2"}})
    with pytest.raises(PanelRejected, match="took the change of mag 1 but keeps another mac"):
        converge(keeping(wanted, observed, mac="00:1A:79:AA:BB:02"))


def test_a_paired_box_follows_its_line_and_keeps_its_pair(module, panel, box, desired, converge, sandbox, stored):
    """Staff paired the two on the panel: a full edit of the line reaches the box, and our edits of the box hold."""
    line = desired(ref="LINE7")
    line_seen = converge(line)
    mag = box(ref="BOX7")
    mag_seen = converge(mag)
    main_id = line_seen.handle_data["line_id"]
    sandbox.state.store.update("lines", {"pair_id": main_id}, "id = ?", (mag_seen.handle_data["user_id"],))

    converge(keeping(line, line_seen, blocked=True, expires_at=JUNE))
    assert (stored(MAC)["enabled"], stored(MAC)["exp_date"]) == (0, 2127427200)
    converge(keeping(mag, mag_seen, expires_at=JUNE))
    assert (stored(MAC)["enabled"], stored(MAC)["pair_id"]) == (1, main_id)


def test_a_lock_that_staff_set_survives_our_edits(box, converge, sandbox):
    wanted = box()
    observed = converge(wanted)
    sandbox.state.store.update("mag_devices", {"lock_device": 1}, "1 = 1", ())
    sandbox.state.store.update("lines", {"is_isplock": 1, "allowed_ua": '["MAG"]'}, "1 = 1", ())
    converge(keeping(wanted, observed, expires_at=JUNE))
    assert sandbox.state.store.value("SELECT lock_device FROM mag_devices") == 1
    line = sandbox.state.store.row("SELECT is_isplock, allowed_ua FROM lines")
    assert line == {"is_isplock": 1, "allowed_ua": '["MAG"]'}


def test_a_device_whose_line_was_deleted_is_shown_as_such_and_removed_by_its_id(
    module, panel, box, converge, sandbox, stored
):
    wanted = box()
    observed = converge(wanted)
    sandbox.state.store.run("DELETE FROM lines")
    wish = keeping(wanted, observed)
    assert module.look_up(panel, wish) == Foreign("mag 1 has this mac and has lost its line: delete it on the panel")
    assert module.remove(panel, wish) == Gone()
    assert sandbox.state.store.value("SELECT count(*) FROM mag_devices") == 0
    assert isinstance(module.look_up(panel, wish), Absent)


def test_a_box_of_ours_is_found_without_its_ids(module, panel, box, converge):
    wanted = box()
    observed = converge(wanted)
    assert module.look_up(panel, wanted) == Found(observed)
