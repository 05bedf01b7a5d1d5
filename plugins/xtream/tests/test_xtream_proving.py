"""A line is tried as a player would: no name that nobody has is ever asked for, since ten of them get us banned."""

import pytest

from billhead.plugin import LineKind


def test_a_line_that_serves_one_that_is_blocked_and_one_that_is_not_there(module, panel, desired, converge, calls):
    converge(desired())
    calls()
    assert module.prove(panel, desired()).serves is True
    assert calls()["player.player_api"] == 1
    converge(desired(blocked=True))
    assert module.prove(panel, desired(blocked=True)).serves is False
    calls()
    assert module.prove(panel, desired("zzzz2345", login="nobody1234")).serves is None
    assert not any(name.startswith("player") for name in calls())


def test_of_a_box_only_the_api_tells(module, panel, desired, converge, calls):
    box = desired(kind=LineKind.MAG, mac="00:1A:79:00:00:01")
    converge(box)
    calls()
    found = module.prove(panel, box)
    assert (found.serves, "lets blocked ones in, too" in found.said, calls()) == (None, True, {})


@pytest.mark.parametrize("fault", [{"kind": "status", "status": 503}, {"kind": "html"}, {"kind": "reset"}])
def test_a_player_side_that_is_not_well_proves_nothing(module, panel, desired, converge, sandbox, fault):
    converge(desired())
    sandbox.state.faults.add(match="player.*", **fault)
    assert module.prove(panel, desired()).serves is None
