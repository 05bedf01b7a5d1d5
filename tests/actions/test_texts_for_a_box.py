"""A text on the screen of a box: to this box alone, sent once, and a lost answer is said to be one."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from billhead.actions.access.message_box import message_box
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import Conflict, InvalidInput, NotAllowed
from billhead.models.operations import AuditEntry
from two_panels import BOX, Operator

SYSTEM = Context.system("test")


@pytest.fixture
def box(operator: Operator) -> int:
    key = operator.line("stalker", kind="mag", mac=BOX)
    operator.line("stalker", kind="mag", mac="00:1A:79:00:00:09")
    operator.work()
    return key


def shown(operator: Operator) -> list[str]:
    return [
        row["msg"]
        for row in operator.sandbox.state.store.rows("SELECT msg FROM stalker_events WHERE event = 'send_msg'")
    ]


def test_it_comes_to_one_box_once_and_is_written_down(operator: Operator, box: int):
    twice = replace(SYSTEM, idempotency_key="a form")
    assert message_box(twice, box, "  Back at 21:00  ").problem == ""
    assert shown(operator) == ["Back at 21:00"]
    with pytest.raises(NotAllowed, match="It was sent already"):
        message_box(twice, box, "Back at 21:00")
    assert shown(operator) == ["Back at 21:00"]
    with reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "access.message")).one()
    assert (entry.subject, entry.details) == (f"service:{box}", {"text": "Back at 21:00", "outcome": "shown"})


def test_a_video_goes_with_it(operator: Operator, box: int):
    assert message_box(SYSTEM, box, "How to pay", " https://films.example/1.mp4 ").problem == ""
    store = operator.sandbox.state.store
    sent = store.rows("SELECT msg, video FROM stalker_events WHERE event = 'send_msg_with_video'")
    assert [(row["msg"], row["video"]) for row in sent] == [("How to pay", "https://films.example/1.mp4")]


def test_an_answer_that_was_lost_is_told_and_not_sent_again(operator: Operator, box: int):
    operator.fault("reset", "*stb_msg*", perform=True)
    assert message_box(SYSTEM, box, "Hello").problem.startswith("The panel's answer was lost")
    assert shown(operator) == ["Hello"]


def test_what_can_not_be_is_refused(operator: Operator, box: int):
    line = operator.line()
    operator.work()
    with pytest.raises(Conflict, match="no box that shows texts"):
        message_box(SYSTEM, line, "Hello")
    with pytest.raises(Conflict, match="no box that plays videos"):
        message_box(SYSTEM, line, "Hello", "https://films.example/1.mp4")
    for video in ("films.example/1.mp4", "javascript:alert(1)", "https://films.example/a b", "https://" + "x" * 500):
        with pytest.raises(InvalidInput, match="begins with http"):
            message_box(SYSTEM, box, "Hello", video)
    for text in ("", "  ", "x" * 501):
        with pytest.raises(InvalidInput):
            message_box(SYSTEM, box, text)
    with pytest.raises(NotAllowed):
        message_box(replace(SYSTEM, permissions=frozenset()), box, "Hello")
    for number in range(10):
        message_box(SYSTEM, box, f"Text {number}")
    with pytest.raises(NotAllowed, match="enough for an hour"):
        message_box(SYSTEM, box, "One more")
    with writing(SYSTEM) as tx:
        from billhead.actions.freeze import set_freeze

        set_freeze(tx, "panels", on=True)
    with pytest.raises(Conflict, match="Nothing is written to panels now"):
        message_box(SYSTEM, box, "Hello")
