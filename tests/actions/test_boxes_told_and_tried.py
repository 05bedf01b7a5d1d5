"""A command for a box, and a line tried as its own device: told to one, once, and held against what was paid."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from billhead.actions.access.command_box import command_box
from billhead.actions.access.prove_line import prove_line
from billhead.actions.freeze import set_freeze
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import Conflict, InvalidInput, NotAllowed
from billhead.models.operations import AuditEntry
from billhead.plugin import BoxCommand
from two_panels import BOX, Operator

SYSTEM = Context.system("test")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Nothing here asks the database anything that another file does not ask on both."""
    return sqlite_url


@pytest.fixture
def box(operator: Operator) -> int:
    key = operator.line("stalker", kind="mag", mac=BOX)
    operator.line("stalker", kind="mag", mac="00:1A:79:00:00:09")
    operator.work()
    return key


def events(operator: Operator) -> list[str]:
    return [row["event"] for row in operator.sandbox.state.store.rows("SELECT event FROM stalker_events")]


def trail(action: str) -> list[tuple[str, dict]]:
    with reading() as session:
        rows = session.scalars(select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id))
        return [(row.subject, row.details) for row in rows]


def test_a_restart_comes_to_one_box_once_and_is_written_down(operator: Operator, box: int):
    asked = replace(SYSTEM, idempotency_key="a form", reason="black screen")
    assert command_box(asked, box, BoxCommand.RESTART).problem == ""
    with pytest.raises(NotAllowed, match="It was sent already"):
        command_box(asked, box, BoxCommand.RESTART)
    assert events(operator) == ["reboot"]
    assert trail("access.command") == [(f"service:{box}", {"command": "restart", "outcome": "sent"})]


def test_a_channel_is_named_where_one_is_to_be_shown(operator: Operator, box: int):
    for number in (None, 0, 100_000):
        with pytest.raises(InvalidInput, match="by its number"):
            command_box(SYSTEM, box, BoxCommand.PLAY, number)
    assert command_box(SYSTEM, box, BoxCommand.PLAY, 7).problem == ""
    assert trail("access.command") == [(f"service:{box}", {"command": "play", "channel": 7, "outcome": "sent"})]


def test_a_restart_whose_answer_was_lost_is_a_doubt(operator: Operator, box: int):
    operator.fault("reset", "*send_event*", perform=True)
    assert command_box(SYSTEM, box, BoxCommand.RESTART).problem.startswith("The panel's answer was lost")
    assert events(operator) == ["reboot"]


def test_a_stream_line_is_tried_as_a_player_and_has_no_box_to_tell(operator: Operator, box: int):
    line = operator.line()
    operator.work()
    assert prove_line(SYSTEM, line).right is True
    operator.want(line, desired_blocked=True)
    operator.work()
    found = prove_line(SYSTEM, line)
    assert (found.proof.serves, found.right) == (False, True)
    with pytest.raises(Conflict, match="no box that can be told this"):
        command_box(SYSTEM, line, BoxCommand.RESTART)
    for act in (lambda ctx: command_box(ctx, box, BoxCommand.MENU), lambda ctx: prove_line(ctx, box)):
        with pytest.raises(NotAllowed):
            act(replace(SYSTEM, permissions=frozenset()))
    assert events(operator) == []


def test_a_line_is_tried_and_held_against_what_was_paid(operator: Operator, box: int):
    found = prove_line(SYSTEM, box)
    assert (found.should_serve, found.proof.serves, found.right) == (True, True, True)
    operator.sandbox.state.store.run("UPDATE stalker_accounts SET blocked = 1")  # somebody on the portal did
    found = prove_line(SYSTEM, box)
    assert (found.right, found.proof.said) == (False, "The portal denies this box its channels")
    operator.want(box, desired_blocked=True)
    assert prove_line(SYSTEM, box).right is True
    assert [details["right"] for _, details in trail("access.prove")] == [True, False, True]
    with writing(SYSTEM) as tx:
        set_freeze(tx, "panels", True)
    with pytest.raises(Conflict, match="Nothing is written to panels"):
        prove_line(SYSTEM, box, disturb=True)  # that would write the box's session anew
    assert prove_line(SYSTEM, box).right is True
    with writing(SYSTEM) as tx:
        set_freeze(tx, "panels", False)
    operator.want(box, desired_blocked=False)
    operator.work()
    operator.wait(days=60)  # over, and the portal has ended it by itself
    found = prove_line(SYSTEM, box)
    assert (found.should_serve, found.proof.serves, found.right) == (False, False, True)


def test_a_panel_that_does_not_answer_is_told_in_its_own_words_and_proves_nothing(operator: Operator, box: int):
    operator.fault("html", "*device*")
    found = prove_line(SYSTEM, box)
    assert (found.right, found.proof.serves) == (None, None)
    assert "answered a box's question in a way that tells nothing" in found.proof.said
    for _ in range(5):
        prove_line(SYSTEM, box)
    with pytest.raises(NotAllowed, match="Wait a minute"):
        prove_line(SYSTEM, box)
