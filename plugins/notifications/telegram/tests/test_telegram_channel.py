"""A bot's messages over a real socket, by the answers of the Bot API."""

import json

import pytest

from billhead.plugin import (
    ChannelConnection,
    InvalidInput,
    Message,
    NoticeNotSent,
    NoticeRejected,
    OutcomeUnknown,
    Started,
    StartedChannel,
    load_settings,
)
from billhead.testing import NotificationConformance
from billhead.testing.conformance.notification import Delivered
from billhead_telegram import plugin
from billhead_telegram.channel import TelegramChannel
from billhead_telegram.settings import TelegramSettings

TOKEN = "7012345678:AAHk-9fXw2_QmZr8LsdTqVbNcYxEuGjP0Ia"
BILL = Message("invoice:7", "", "4711", "Invoice 7", "Dear Ada,\nthe invoice.\n", short="Invoice 7")


def connected(url, token=TOKEN):
    return ChannelConnection(load_settings(TelegramSettings, {"bot": "NorthBot", "token": token, "api": url}))


def fine(result):
    return 200, json.dumps({"ok": True, "result": result}).encode()


def refused(code, why):
    return code, json.dumps({"ok": False, "error_code": code, "description": why}).encode()


class TestTelegramConforms(NotificationConformance):
    recipient = "4711"
    unacceptable_recipient = "@ada"

    @pytest.fixture(autouse=True)
    def _receiver(self, receiver):
        receiver.answer = lambda _request: fine({"message_id": 1})
        self.receiver = receiver

    @pytest.fixture
    def channel(self):
        return TelegramChannel()

    @pytest.fixture
    def connection(self, receiver):
        return connected(receiver.url)

    @pytest.fixture
    def dead_connection(self):
        return connected("http://127.0.0.1:9")

    def delivered(self):
        told = [json.loads(request.body) for request in self.receiver.requests]
        return [Delivered((str(one["chat_id"]),), "", one["text"]) for one in told]


def test_it_is_offered_and_begun_by_a_link():
    (channel,) = plugin.notification_channels()
    assert isinstance(channel, StartedChannel)
    assert channel.start_url(connected("https://api.telegram.org"), "c0de") == "https://t.me/NorthBot?start=c0de"


@pytest.mark.parametrize(
    ("answer", "raised"),
    [
        (refused(403, "Forbidden: bot was blocked by the user"), NoticeRejected),
        (refused(400, "Bad Request: chat not found"), NoticeRejected),
        (refused(401, "Unauthorized"), NoticeNotSent),
        (refused(404, "Not Found"), NoticeNotSent),
        (refused(429, "Too Many Requests: retry after 5"), NoticeNotSent),
        (refused(500, "Internal"), OutcomeUnknown),
        ((200, b"<html>"), OutcomeUnknown),
        (None, OutcomeUnknown),
    ],
)
def test_what_an_answer_means(receiver, answer, raised):
    receiver.answer = lambda _request: answer
    with pytest.raises(raised):
        TelegramChannel().send(connected(receiver.url), BILL)
    assert [request.path for request in receiver.requests] == [f"/bot{TOKEN}/sendMessage"]


def test_a_text_too_long_for_telegram_is_told_in_short(receiver):
    receiver.answer = lambda _request: fine({})
    long = Message("k", "", "4711", "Invoice", "😀" * 2049, short="Invoice 7: https://shop.example/pay/7")
    TelegramChannel().send(connected(receiver.url), long)
    assert json.loads(receiver.requests[0].body)["text"] == long.short


def test_who_pressed_start_is_found_page_by_page_and_only_in_talks_with_the_bot(receiver):
    def update(number, text, kind="private", chat=4711):
        return {"update_id": number, "message": {"text": text, "chat": {"id": chat, "type": kind}}}

    waiting = [
        update(101, "/start aaa"),
        update(102, "hello"),
        update(103, "/start bbb", "group", -5),
        {"update_id": 104},
        update(105, "/start ccc", chat=99),
        update(106, "/start"),
    ]

    def answer(request):
        asked = json.loads(request.body)
        return fine([one for one in waiting if one["update_id"] >= asked["offset"]][:2])

    receiver.answer = answer
    there = connected(receiver.url)
    assert TelegramChannel().started(there, 0) == [Started("aaa", "4711", 101), Started("ccc", "99", 105)]
    assert TelegramChannel().started(there, 105) == []
    receiver.answer = lambda _request: refused(409, "Conflict: can't use getUpdates while webhook is active")
    with pytest.raises(NoticeNotSent, match="Conflict"):
        TelegramChannel().started(there, 0)


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("bot", {"bot": "@NorthBot"}),
        ("token", {"token": "nonsense"}),
        ("api", {"api": "http://telegram.example"}),
        ("api", {"api": "http://localhost.evil.example"}),
    ],
)
def test_settings_that_could_not_work_are_refused(field, changed):
    with pytest.raises(InvalidInput) as error:
        load_settings(TelegramSettings, {"bot": "NorthBot", "token": TOKEN, **changed})
    assert error.value.field == field
