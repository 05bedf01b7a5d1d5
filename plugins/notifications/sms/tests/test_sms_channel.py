"""Text messages through gateways of all sorts: what is asked, and what each answer means."""

import base64
import json
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from billhead.plugin import (
    ChannelConnection,
    InvalidInput,
    Message,
    NoticeNotSent,
    NoticeRejected,
    OutcomeUnknown,
    load_settings,
)
from billhead.testing import NotificationConformance
from billhead.testing.conformance.notification import Delivered
from billhead_sms import plugin
from billhead_sms.channel import SmsChannel
from billhead_sms.settings import SmsSettings

BILL = Message("invoice:7", "", "+358401234567", "Invoice 7", "long\n", short='North: "Invoice {secret}" & 15 €')


def connected(url, **settings):
    return ChannelConnection(load_settings(SmsSettings, {"url": url, "api_secret": "sesame-9", **settings}))


class TestSmsConforms(NotificationConformance):
    recipient = "+358401234567"
    unacceptable_recipient = "0401234567"

    @pytest.fixture(autouse=True)
    def _receiver(self, receiver):
        self.receiver = receiver

    @pytest.fixture
    def channel(self):
        return SmsChannel()

    @pytest.fixture
    def connection(self, receiver):
        return connected(receiver.url, headers="Authorization: Bearer {secret}")

    @pytest.fixture
    def dead_connection(self):
        return connected("http://127.0.0.1:9")

    def delivered(self):
        told = [json.loads(request.body) for request in self.receiver.requests]
        return [Delivered((one["to"],), "", one["text"]) for one in told]


def test_it_is_offered():
    assert [channel.code for channel in plugin.notification_channels()] == ["sms"]


def test_the_short_text_goes_out_quoted_for_where_it_stands(receiver):
    """Nothing in a text becomes a placeholder, a field or a header of the gateway."""
    channel = SmsChannel()
    channel.send(connected(receiver.url, sender="North", headers="X-Key: {secret} | X-Id: {key}"), BILL)
    form = {"content": "form", "body": "To={to}&Body={text}", "login": "AC1", "password": "pw"}
    channel.send(connected(receiver.url, **form), BILL)
    channel.send(connected(receiver.url + "/s?n={to}&t={text}&k={secret}", method="GET", content="none"), BILL)
    by_json, by_form, by_url = receiver.requests
    assert json.loads(by_json.body) == {"to": "+358401234567", "from": "North", "text": BILL.short}
    assert (by_json.headers["X-Key"], by_json.headers["X-Id"]) == ("sesame-9", "invoice:7")
    assert parse_qs(by_form.body.decode()) == {"To": ["+358401234567"], "Body": [BILL.short]}
    assert by_form.headers["Authorization"] == "Basic " + base64.b64encode(b"AC1:pw").decode()
    assert parse_qs(urlsplit(by_url.path).query) == {"n": ["+358401234567"], "t": [BILL.short], "k": ["sesame-9"]}
    assert (by_url.method, by_url.body) == ("GET", b"")


@pytest.mark.parametrize(
    ("answer", "raised"),
    [
        ((200, b'{"messages": [{"status": "queued"}]}'), None),
        ((200, b'{"messages": [{"status": "invalid number"}]}'), NoticeRejected),
        ((200, b'{"messages": []}'), OutcomeUnknown),
        ((200, b"<html>"), OutcomeUnknown),
        ((200, b"[" * 100_000), OutcomeUnknown),
        ((400, b"{}"), NoticeRejected),
        ((401, b"{}"), NoticeNotSent),
        ((402, b"{}"), NoticeNotSent),
        ((429, b"{}"), NoticeNotSent),
        ((302, b"{}"), NoticeNotSent),
        ((408, b"{}"), OutcomeUnknown),
        ((502, b"{}"), OutcomeUnknown),
        (None, OutcomeUnknown),
    ],
)
def test_what_an_answer_means(receiver, answer, raised):
    receiver.answer = lambda _request: answer
    there = connected(receiver.url, success_path="messages.0.status", success_values="queued, sent")
    if raised is None:
        SmsChannel().send(there, BILL)
    else:
        with pytest.raises(raised):
            SmsChannel().send(there, BILL)
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("number", ["+0401234567", "+35840", "+358 40 1234567", "+358401234567\n", "٠٤٠"])
def test_what_is_no_number_is_never_sent(receiver, number):
    with pytest.raises(NoticeRejected):
        SmsChannel().send(connected(receiver.url), replace(BILL, recipient=number))
    assert receiver.requests == []


@pytest.mark.parametrize(
    ("field", "settings"),
    [
        ("url", {"url": ""}),
        ("url", {"url": "http://gateway.example/send"}),
        ("url", {"url": "http://localhost.evil.example/"}),
        ("body", {"body": "{to} {mesage} {text}"}),
        ("body", {"body": "{to}"}),
        ("headers", {"headers": "no header"}),
    ],
)
def test_settings_that_could_not_work_are_refused(field, settings):
    with pytest.raises(InvalidInput) as refused:
        load_settings(SmsSettings, {"url": "https://gateway.example", **settings})
    assert refused.value.field == field
