"""What a portal said while a line was made, changed and removed is played again, and the module sees the same."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from billhead.plugin import Gone, Handle, PanelError
from billhead.testing import Recorder, Replay


def life(bench, root: str, line, **settings) -> list:
    """What the module sees of the line from its creation to its end, on the portal below `root`."""
    here = {"url": f"{root}/stalker_portal", **settings}
    seen, kept = bench.converge(replace(line, bouquets=frozenset({"PKG_SPORT"})), **here)
    renewed = datetime(2027, 1, 31, 12, 0, tzinfo=UTC)
    blocked, kept = bench.converge(replace(kept, expires_at=renewed, bouquets=frozenset(), blocked=True), **here)
    panel = bench.connection(**here)
    return [seen, blocked, bench.module.remove(panel, kept), bench.module.look_up(panel, kept)]


@pytest.fixture
def recorded(bench, alice, tmp_path) -> tuple[Path, list]:
    tape = tmp_path / "line.json"
    with Recorder(bench.sandbox.url, tape) as recorder:
        return tape, life(bench, recorder.url, alice)


def test_without_a_portal_the_module_sees_the_same(bench, alice, recorded):
    tape, seen = recorded
    with Replay(tape) as portal:
        again = life(bench, portal.url, alice)
    assert again == seen
    assert again[2] == Gone()
    portal.assert_played()


def test_another_customer_fits_the_same_tape(bench, alice, recorded):
    tape, seen = recorded
    bob = replace(alice, login="robert", password="battery-staple", mac="00:1A:79:0B:0B:0B")
    with Replay(tape) as portal:
        again = life(bench, portal.url, bob, login="other", password="other-secret")
    assert (again[0].login, again[0].mac) == ("robert", "00:1A:79:0B:0B:0B")
    assert replace(again[0], login="alice", mac=alice.mac, handle_data=seen[0].handle_data) == seen[0]


def test_no_secret_is_on_the_tape(bench, alice, recorded):
    text = recorded[0].read_text()
    for secret in (alice.login, alice.password, alice.mac, bench.settings["password"]):
        assert secret not in text


def test_what_was_never_asked_is_an_error_of_the_portal(bench, alice, recorded):
    stranger = replace(alice, handle=Handle("zzzzzzzzzzz"))
    with Replay(recorded[0]) as portal, pytest.raises(PanelError):
        bench.converge(stranger, url=f"{portal.url}/stalker_portal")
    assert portal.unknown[0].startswith(
        "Not on the tape: GET /stalker_portal/api/accounts/zzzzzzzzzzz; the nearest is "
    )
