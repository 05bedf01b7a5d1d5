"""Faults, control calls and the process itself: what a test switches on, and what it can rely on."""

import json
import os
import signal
import subprocess
import sys
import time

import httpx
import pytest

from billhead_sandbox.panel.server import start


def create(wire, name="alice"):
    return wire.xui_raw("create_line", username=name, password="p", bouquets_selected="[1]")


def lines(wire):
    return [line["username"] for line in wire.control("GET", "lines")["lines"]]


def test_crash_after_writing_does_the_work_and_never_answers(wire):
    wire.control("POST", "faults", {"kind": "crash", "match": "xtream.create_line", "count": 1})
    with pytest.raises(httpx.RemoteProtocolError):
        create(wire)
    assert lines(wire) == ["alice"]
    assert json.loads(create(wire))["status"] == "STATUS_EXISTS_USERNAME"


def test_reset_does_nothing_and_breaks_the_connection(wire):
    wire.control("POST", "faults", {"kind": "reset", "match": "/sandbox/*", "count": 2})
    for _ in range(2):
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            create(wire)
    assert lines(wire) == []
    assert json.loads(create(wire))["status"] == "STATUS_SUCCESS"


def test_down_refuses_everything_until_cleared(wire):
    wire.control("POST", "faults", {"kind": "down"})
    for path in ("/player_api.php", "/stalker_portal/api/tariffs/", "/cards/v1/charges"):
        with pytest.raises(httpx.RemoteProtocolError):
            wire.http.get(path)
    assert wire.http.get("/healthz").json() == {"status": "ok"}
    assert wire.control("DELETE", "faults") == {"cleared": 1}
    assert len(wire.ok("GET", "tariffs/")) == 4


def test_server_errors_by_default_do_nothing(wire):
    wire.control("POST", "faults", [{"kind": "status", "status": 502, "count": 1, "match": "stalker.*"}])
    reply = wire.http.get("/stalker_portal/api/tariffs/")
    assert (reply.status_code, reply.headers["content-type"].split(";")[0]) == (502, "text/html")


def test_empty_html_and_truncated_spoil_the_answer_after_the_work(wire):
    wire.control("POST", "faults", {"kind": "empty", "count": 1})
    assert create(wire, "a") == b""
    wire.control("POST", "faults", {"kind": "html", "count": 1})
    assert create(wire, "b").startswith(b"<html>")
    wire.control("POST", "faults", {"kind": "truncated", "count": 1})
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        json.loads(create(wire, "c"))
    wire.control("POST", "faults", {"kind": "empty", "count": 1, "perform": False})
    assert create(wire, "d") == b""
    assert lines(wire) == ["a", "b", "c"]


def test_a_slow_panel_finishes_the_work_for_a_caller_who_left(wire):
    wire.control("POST", "faults", {"kind": "slow", "seconds": 0.4, "count": 1})
    with pytest.raises(httpx.ReadTimeout):
        wire.http.post("/sandbox/", data={"api_key": "x"}, timeout=0.1)
    wire.control("POST", "faults", {"kind": "slow", "seconds": 0.2, "count": 1})
    started = time.monotonic()
    create(wire)
    assert time.monotonic() - started >= 0.2
    assert lines(wire) == ["alice"]


def test_skip_and_probability_with_a_seed_strike_the_same_calls_each_time(wire):
    def struck():
        wire.control("DELETE", "faults")
        wire.control("POST", "faults", {"kind": "status", "probability": 0.5, "seed": 7})
        return [wire.http.get("/player_api.php").status_code for _ in range(12)]

    first = struck()
    assert set(first) == {404, 503}
    assert struck() == first
    wire.control("DELETE", "faults")
    wire.control("POST", "faults", {"kind": "status", "skip": 2, "count": 1})
    assert [wire.http.get("/player_api.php").status_code for _ in range(4)] == [404, 404, 503, 404]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"kind": "explode"}, "Unknown fault kind 'explode'"),
        ({"kind": "slow", "delay": 3}, "no field 'delay'"),
        ({"kind": "slow", "seconds": "3"}, "`seconds` must be a number"),
        ({"kind": "reset", "count": 0}, "`count` must be a whole number above 0"),
        ({"kind": "status", "status": 200}, "`status` must lie between 400 and 599"),
    ],
)
def test_a_wrong_fault_is_refused_with_a_reason(wire, fault, words):
    reply = wire.http.post("/_sandbox/faults", json=fault)
    assert reply.status_code == 400
    assert words in reply.json()["error"]
    assert wire.control("GET", "faults")["faults"] == []


@pytest.mark.parametrize(
    ("path", "content", "words"),
    [
        ("settings", {"stalker": {"enable_apy": False}}, "No setting stalker.enable_apy"),
        ("settings", {"stalker": {"enable_api": "no"}}, "is of type bool"),
        ("settings", {"xtream": {"version": "9"}}, "is one of"),
        ("cards", {"callback_forged": "all"}, "is one of"),
        ("clock", {"now": "2027-01-01T00:00:00"}, "needs a zone"),
        ("clock", {}, "`now`, `advance` or `real`"),
        ("nothing", {}, "No control POST"),
    ],
)
def test_wrong_controls_are_refused_with_a_reason(wire, path, content, words):
    before = wire.control("GET", "settings")
    reply = wire.http.post(f"/_sandbox/{path}", json=content)
    assert reply.status_code in (400, 404)
    assert words in reply.json()["error"]
    assert wire.control("GET", "settings") == before


def test_calls_are_counted_by_name(wire):
    create(wire)
    wire.ok("GET", "tariffs/")
    wire.play("alice", "p")
    assert wire.control("GET", "calls") == {
        "total": 3,
        "calls": {"player.player_api": 1, "stalker.tariffs.GET": 1, "xtream.create_line": 1},
    }
    assert wire.control("DELETE", "calls")["total"] == 0


def test_seed_and_reset(wire):
    counts = wire.control("POST", "seed", {"count": 30})
    assert (counts["stalker_accounts"], counts["lines"]) == (30, 30)
    wire.control("POST", "settings", {"stalker": {"auto_add_stb": True}})
    wire.control("POST", "faults", {"kind": "down"})
    wire.control("POST", "reset")
    state = wire.control("GET", "state")
    assert (state["counts"]["lines"], state["counts"]["users"], state["faults"], state["calls"]) == (0, 2, 0, 0)
    assert state["settings"]["stalker"]["auto_add_stb"] is False


def test_one_account_is_found_as_fast_among_many(wire):
    """Not a timing: the plan of each look-up names an index, so its cost does not grow with the panel."""
    look_ups = (
        "SELECT * FROM stalker_accounts WHERE lower(rtrim(account_number)) IN (lower(rtrim('x')))",
        "SELECT * FROM stalker_accounts WHERE lower(rtrim(login)) IN (lower(rtrim('x')))",
        "SELECT * FROM stalker_accounts WHERE lower(rtrim(stb_mac)) IN (lower(rtrim('x')))",
        "SELECT id FROM lines WHERE username = 'x' AND id <> 0",
        "SELECT mag_id FROM mag_devices WHERE mac = 'x' AND mag_id <> 0",
    )
    for sql in look_ups:
        plan = wire.state.store.rows(f"EXPLAIN QUERY PLAN {sql}")
        assert [step["detail"] for step in plan if " INDEX " not in step["detail"]] == []


def test_a_stopped_panel_keeps_its_accounts_settings_and_clock(tmp_path):
    with start(data=tmp_path) as running, httpx.Client(base_url=running.url, trust_env=False) as http:
        http.post("/_sandbox/seed", json={"count": 3})
        http.post("/_sandbox/settings", json={"stalker": {"auto_add_stb": True}})
        http.post("/_sandbox/clock", json={"now": 1_800_000_000, "frozen": True})
    with start(data=tmp_path) as again:
        assert len(again.state.lines()) == 6
        assert again.state.settings["stalker"]["auto_add_stb"] is True
        assert again.state.clock.now() == 1_800_000_000


def test_stop_ends_idle_connections_and_frees_the_port(wire):
    wire.http.get("/healthz")  # leaves a connection open
    started = time.monotonic()
    wire.running.server.stop()
    assert time.monotonic() - started < 20  # it waits for nobody; a busy machine takes its time
    with pytest.raises(httpx.TransportError):
        wire.http.get("/healthz")
    with start(port=wire.running.server.server_address[1]) as again:
        assert httpx.get(f"{again.url}/healthz", trust_env=False).status_code == 200


def run_panel(*arguments):
    command = [sys.executable, "-m", "billhead_sandbox.panel", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_the_process_says_where_it_listens_and_stops_cleanly(tmp_path, how):
    catalogue = tmp_path / "catalogue.json"
    catalogue.write_text(json.dumps({"settings": {"xtream": {"access_code": "hidden"}}}))
    arguments = ("--port", "0", "--data", str(tmp_path / "data"), "--catalogue", str(catalogue), "--seed", "5")
    process = run_panel(*arguments)
    try:
        line = process.stdout.readline()
        assert line.startswith("sandbox panel listening on http://127.0.0.1:")
        url = line.split()[-1]
        state = httpx.get(f"{url}/_sandbox/state", trust_env=False).json()
        assert state["counts"]["lines"] == 5
        assert httpx.post(f"{url}/hidden/", trust_env=False).json()["error"] == "Invalid API key."
        os.kill(process.pid, how)
        rest, errors = process.communicate(timeout=10)
        assert (process.returncode, rest, errors) == (0, "", "")
    finally:
        process.kill()


def test_a_wrong_catalogue_is_refused_with_a_reason(tmp_path):
    catalogue = tmp_path / "catalogue.json"
    catalogue.write_text('{"plans": []}')
    process = run_panel("--port", "0", "--catalogue", str(catalogue))
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 2
    assert "No catalogue key 'plans'" in errors
