"""Who watches, who watched, and what happens to a stream when its line is blocked or removed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from billhead.plugin import Gone, Handle, LineKind, PanelOutcomeUnknown, ViewingKind
from billhead_sandbox.panel.xtream import cache, sessions

MAC = "00:1A:79:AA:BB:01"
NOON = datetime(2026, 12, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def panel(connect):
    return connect(log_wait_seconds=1)


@pytest.fixture
def at(sandbox):
    """Sets the panel's clock."""
    return lambda instant: sandbox.state.clock.set(instant.timestamp(), frozen=True)


@pytest.fixture
def watch(sandbox):
    """A session on a line: `watch(1, stream=5, seconds=60)` is over, without seconds it runs."""

    def session(line_id, stream=1, seconds=None):
        return sessions.watch(sandbox.state, line_id, stream, seconds)

    return session


@pytest.fixture
def cached(sandbox):
    """Switches the panel's cache on: players see a change after so many seconds."""

    def switch(seconds):
        sandbox.state.change_settings({"xtream": {"enable_cache": True, "cache_signal_seconds": seconds}})
        cache.rebuild(sandbox.state)

    return switch


def keeping(wanted, observed, **changes):
    return replace(wanted, handle=Handle(wanted.handle.ref, observed.handle_data), **changes)


# --- viewings --------------------------------------------------------------------------------------------------------


def test_what_ended_is_told_once_with_what_it_was(module, panel, desired, converge, at, watch):
    converge(desired())
    converge(desired(ref="BOX7", kind=LineKind.MAG, mac=MAC))
    at(NOON)
    watch(1, stream=5, seconds=3600)
    watch(2, stream=101, seconds=5400)
    film, channel = sorted(module.viewings(panel, NOON - HOUR, NOON + HOUR), key=lambda one: one.began_at)
    assert (channel.kind, channel.item, channel.title) == (ViewingKind.LIVE, "5", "North Cinema")
    assert (channel.began_at, channel.ended_at) == (NOON - HOUR, NOON)
    assert (channel.remote_id, channel.login, channel.ip, channel.country) == ("line:1", "anna", "203.0.113.7", "GB")
    assert (film.kind, film.remote_id, film.login) == (ViewingKind.FILM, "mag:1", "")
    assert channel.id != film.id


def test_what_a_receiver_watched_is_found_by_the_number_that_its_handle_keeps(
    module, panel, desired, converge, at, watch
):
    observed = converge(desired(ref="BOX8", kind=LineKind.ENIGMA2, mac="00:1A:79:AA:BB:09"))
    at(NOON)
    watch(1, stream=5, seconds=3600)
    (seen,) = module.viewings(panel, NOON - HOUR, NOON + HOUR)
    noun, number = seen.remote_id.split(":")
    assert (observed.handle_data[f"{noun}_id"], seen.login) == (int(number), "")


def test_a_night_across_midnight_belongs_to_the_day_on_which_it_ended(module, panel, desired, converge, at, watch):
    """The panel's own range has it in neither day."""
    converge(desired())
    midnight = datetime(2026, 12, 6, tzinfo=UTC)
    at(midnight + HOUR)
    watch(1, seconds=3 * 3600)
    days = [(midnight - timedelta(days=1), midnight), (midnight, midnight + timedelta(days=1))]
    assert [len(list(module.viewings(panel, *day))) for day in days] == [0, 1]


def test_each_end_falls_into_one_window(module, panel, desired, converge, at, watch):
    converge(desired())
    at(NOON)
    watch(1, seconds=60)
    assert len(list(module.viewings(panel, NOON, NOON + HOUR))) == 1
    assert list(module.viewings(panel, NOON - HOUR, NOON)) == []


def test_a_long_log_is_read_to_its_last_page(module, panel, desired, converge, sandbox):
    converge(desired())
    rows = (
        {"user_id": 1, "stream_id": 1, "date_start": int(NOON.timestamp()) + n, "date_end": int(NOON.timestamp()) + n}
        for n in range(2300)
    )
    sandbox.state.store.insert_many("lines_activity", rows)
    assert len({one.id for one in module.viewings(panel, NOON, NOON + HOUR)}) == 2300


def test_what_nobody_owns_any_more_is_left_out(module, panel, desired, converge, at, watch, sandbox):
    converge(desired())
    at(NOON)
    watch(1, seconds=60)
    sandbox.state.store.run("UPDATE lines_activity SET user_id = 0")
    assert list(module.viewings(panel, NOON - HOUR, NOON + HOUR)) == []


# --- live ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("kind", [LineKind.STREAM, LineKind.MAG])
def test_who_watches_now_is_told_and_cut_one_by_one(module, panel, desired, converge, watch, known, kind):
    wanted = desired(kind=kind, mac=None if kind is LineKind.STREAM else MAC)
    observed = converge(wanted)
    wish = keeping(wanted, observed) if known else wanted
    assert module.live_sessions(panel, wish) == []
    watch(1, stream=6)
    watch(1, stream=7)
    first, second = module.live_sessions(panel, wish)
    assert (first.item, second.item, first.ip, first.device) == (
        "North Sport 1",
        "North Sport 2",
        "203.0.113.7",
        "sandbox player",
    )
    for _ in range(2):
        module.kick(panel, wish, first.id)
        assert [one.id for one in module.live_sessions(panel, wish)] == [second.id]


def test_all_who_watch_are_listed_at_once_and_each_is_known_by_its_line_or_its_box(
    module, panel, desired, converge, watch
):
    converge(desired())
    converge(desired(ref="R2", login="bert"))
    box = converge(desired(ref="R3", login="carl", kind=LineKind.MAG, mac=MAC))
    for line in (1, 2, 3):
        watch(line)
    assert module.capabilities(panel).live_listing
    listed = list(module.live_everywhere(panel))
    assert sorted((one.login, one.remote_id) for one in listed) == [
        ("", f"mag:{box.handle_data['mag_id']}"),
        (desired().login, "line:1"),
        ("bert", "line:2"),
    ]
    assert {one.session.ip for one in listed} == {"203.0.113.7"}


def test_a_session_of_another_line_is_not_cut(module, panel, desired, converge, watch, sandbox):
    wanted, other = desired(), desired(ref="R2", login="bert")
    wish, others = keeping(wanted, converge(wanted)), keeping(other, converge(other))
    foreign = watch(2)
    module.kick(panel, wish, str(foreign))
    assert len(module.live_sessions(panel, others)) == 1


def test_a_build_that_ignores_the_filter_shows_no_strangers(module, connect, desired, converge, watch):
    def no_filter(form):
        form.pop("user_id", None)

    wanted = desired()
    wish = keeping(wanted, converge(wanted))
    converge(desired(ref="R2", login="bert"))
    watch(2)
    assert module.live_sessions(connect(no_filter), wish) == []


def test_a_cut_that_does_nothing_is_told(module, connect, desired, converge, watch, monkeypatch):
    monkeypatch.setattr("billhead_xtream.dialects.xui_sessions._PATIENCE", 0.1)

    def deaf(form):
        if form["action"] == ["kill_connection"]:
            form["activity_id"] = ["a-uuid-does-nothing"]

    wanted = desired()
    wish = keeping(wanted, converge(wanted))
    number = watch(1)
    with pytest.raises(PanelOutcomeUnknown, match="but it goes on"):
        module.kick(connect(deaf), wish, str(number))


# --- a block ---------------------------------------------------------------------------------------------------------


def test_a_block_cuts_what_runs_and_a_renewal_does_not(module, panel, desired, converge, watch):
    wanted = desired()
    observed = converge(wanted, on=panel)
    watch(1)
    observed = converge(keeping(wanted, observed, connections=2), on=panel)
    assert len(module.live_sessions(panel, keeping(wanted, observed))) == 1
    observed = converge(keeping(wanted, observed, connections=2, blocked=True), on=panel)
    assert module.live_sessions(panel, keeping(wanted, observed)) == []


def test_a_stream_that_outlived_its_block_is_cut_at_the_next_look(module, panel, desired, converge, watch):
    """As after a kill whose answer was lost: the block stands, so nothing else would be different."""
    wanted = desired(blocked=True)
    wish = keeping(wanted, converge(wanted))
    watch(1)
    found = module.look_up(panel, wish).observed
    (step,) = module.plan(panel, wish, found)
    assert step.changes == {"blocked"}
    converge(wish)
    assert module.live_sessions(panel, wish) == []
    assert module.plan(panel, wish, module.look_up(panel, wish).observed) == []


def test_an_operator_may_let_streams_run_on(module, connect, desired, converge, watch):
    gentle = connect(cut_streams=False)
    wanted = desired()
    wish = keeping(wanted, converge(wanted), blocked=True)
    watch(1)
    converge(wish, on=gentle)
    assert len(module.live_sessions(gentle, wish)) == 1


def test_a_block_is_done_when_players_feel_it(module, panel, desired, converge, sandbox, cached):
    """The cache follows about a second after the edit."""
    wanted = desired()
    observed = converge(wanted)
    cached(0.5)
    converge(keeping(wanted, observed, blocked=True))
    login = {"username": "anna", "password": "secret-1"}
    assert panel.http.read(f"{sandbox.url}/player_api.php", params=login).status == 404


def test_a_block_that_players_never_feel_is_not_called_done(desired, converge, cached, monkeypatch, calls):
    monkeypatch.setattr("billhead_xtream.players._PATIENCE", 1.0)
    wanted = desired()
    observed = converge(wanted)
    cached(600.0)
    with pytest.raises(PanelOutcomeUnknown, match="players are still served on line 1"):
        converge(keeping(wanted, observed, blocked=True))
    assert calls()["reload_cache"] == 1


# --- an end ----------------------------------------------------------------------------------------------------------


def test_a_line_that_is_watched_is_stopped_and_logged_before_it_goes(module, panel, desired, converge, watch, sandbox):
    wanted = desired()
    wish = keeping(wanted, converge(wanted))
    watch(1, stream=6)
    assert module.remove(panel, wish) == Gone()
    assert sandbox.state.store.rows("SELECT * FROM lines") == []  # no ghost
    (logged,) = sandbox.state.store.rows("SELECT * FROM lines_activity")
    assert (logged["stream_id"], logged["user_id"]) == (6, 0)


def test_a_log_that_does_not_come_is_not_waited_for_without_end(module, panel, desired, converge, watch, sandbox):
    sandbox.state.change_settings({"xtream": {"session_import_seconds": 3600}})
    wanted = desired()
    wish = keeping(wanted, converge(wanted))
    watch(1)
    assert module.remove(panel, wish) == Gone()
    assert sandbox.state.store.value("SELECT count(*) FROM lines") == 0


def test_a_panel_without_lists_removes_all_the_same(module, panel, desired, converge, watch, sandbox, stored):
    wanted = desired()
    wish = keeping(wanted, converge(wanted))
    watch(1)
    sandbox.state.change_settings({"xtream": {"version": "2.1.2"}})
    assert module.remove(panel, wish) == Gone()
    assert stored() == []


# --- owner, pair, restreamer -----------------------------------------------------------------------------------------


def test_a_line_moves_to_its_new_owner_and_keeps_him_without_a_wish(module, panel, desired, converge, stored):
    wanted = desired(owner="2")
    observed = converge(wanted)
    assert (observed.owner, stored("anna")["member_id"]) == ("2", 2)
    observed = converge(keeping(wanted, observed, owner="1"))
    assert stored("anna")["member_id"] == 1
    converge(keeping(wanted, observed, owner="", connections=3))
    assert stored("anna")["member_id"] == 1


def test_a_box_hangs_on_its_line_and_follows_it(module, panel, desired, converge, stored):
    line = desired()
    kept = keeping(line, converge(line))
    box = desired(ref="BOX7", kind=LineKind.MAG, mac=MAC, pair=kept.handle)
    hung = keeping(box, converge(box))
    assert stored(MAC)["pair_id"] == stored("anna")["id"]
    converge(replace(kept, expires_at=NOON))
    assert stored(MAC)["exp_date"] == int(NOON.timestamp())
    assert module.plan(panel, replace(hung, expires_at=NOON), module.look_up(panel, hung).observed) == []


def test_a_box_that_came_first_is_hung_on_its_line_later_and_may_end_at_another_time(
    module, panel, desired, converge, stored
):
    box = desired(ref="BOX7", kind=LineKind.MAG, mac=MAC, pair=Handle("A2B3C4D5E6F"))
    alone = keeping(box, converge(box))
    assert stored(MAC)["pair_id"] is None
    line = desired(expires_at=NOON)
    handle = keeping(line, converge(line)).handle
    observed = converge(replace(alone, pair=handle))
    assert (stored(MAC)["pair_id"], observed.expires_at) == (handle.data["line_id"], NOON)
    converge(replace(alone, pair=handle))
    assert stored(MAC)["exp_date"] == 2114380800


def test_lines_of_a_restreamers_plan_are_flagged_and_others_not(module, connect, desired, converge, stored):
    panel = connect(restreamer_plans="Wholesale, Partner")
    wanted = desired(plan="Partner")
    observed = converge(wanted, on=panel)
    assert stored("anna")["is_restreamer"] == 1
    retail = keeping(wanted, observed, plan="Basic")
    (step,) = module.plan(panel, retail, module.look_up(panel, retail).observed)
    assert step.changes == {"restreamer"}
    observed = converge(retail, on=panel)
    assert stored("anna")["is_restreamer"] == 0
    assert module.plan(panel, retail, observed) == []
