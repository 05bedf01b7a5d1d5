"""On a line's page: telling its box something takes a yes and a reason; a try as its device shows what came of it."""

import sys

import pytest

from billhead.domain.errors import PanelOutcomeUnknown
from billhead.models.subscriptions import Service
from billhead.plugin import BoxCommand, Proof

LINE = "/admin/services/1"


@pytest.fixture
def panel(counter):
    module = sys.modules["pretend_panel"]
    module.COMMANDS.update({BoxCommand.RESTART, BoxCommand.MENU, BoxCommand.PLAY})
    module.PROOFS[:] = [
        Proof(None, "It is on, and would have to sign in again.", {"Model": "MAG <250>"}, disturbs=True),
        Proof(False, "The portal denies this box its channels"),
    ]
    counter.shop.change(Service, 1, mac="00:1A:79:00:00:01")
    return module


def test_a_box_is_told_after_a_yes_with_a_reason(counter, panel):
    assert "Tell the box" in counter.get(LINE).text
    question = counter.get(f"{LINE}/command").text
    assert "start anew" in question
    assert "firmware" not in question  # this panel can't
    assert counter.post(f"{LINE}/command", command="restart").status_code == 422
    assert counter.post(f"{LINE}/command", command="update", reason="x").status_code == 422
    assert panel.TOLD == []
    assert "by its number" in counter.post(f"{LINE}/command", command="play", reason="x").text
    assert counter.post(f"{LINE}/command", command="restart", reason="black screen").status_code == 303
    assert [(counter.row(Service, 1).handle, "restart")] == panel.TOLD
    assert counter.trail("access.command") == [("staff:2", "service:1", "black screen")]


def test_a_line_is_tried_and_a_device_that_is_on_only_once_that_was_confirmed(counter, panel):
    assert "Try it as its device" in counter.get(LINE).text
    first = counter.post(f"{LINE}/try").text
    assert "Not known. It is on" in first
    assert "MAG &lt;250&gt;" in first
    assert "Try it all the same" in first
    second = counter.post(f"{LINE}/try", disturb="yes").text
    assert "Not as it should be" in second
    assert "denies this box its channels, though it is paid for and not blocked." in second


def test_a_panel_that_can_do_neither_shows_neither(counter):
    shown = counter.get(LINE).text
    assert "Tell the box" not in shown
    assert "Try it as its device" not in shown
    assert counter.post(f"{LINE}/try").status_code == 409


def test_an_answer_that_was_lost_is_no_success(counter, panel, monkeypatch):
    def lost(*_args, **_more):
        raise PanelOutcomeUnknown("reset")

    monkeypatch.setattr(panel.Memory, "command", lost)
    answer = counter.post(f"{LINE}/command", command="restart", reason="black screen")
    assert (answer.status_code, "answer was lost" in answer.text) == (422, True)


def test_a_module_that_is_broken_is_written_down(counter, panel, monkeypatch):
    monkeypatch.setattr(panel.Memory, "prove", lambda *_args, **_more: 1 / 0)
    assert "module failed" in counter.post(f"{LINE}/try").text
    assert len(counter.trail("access.prove")) == 1
