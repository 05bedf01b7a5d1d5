"""Signed copies over a real socket: a receiver can prove who sent them, when, and whether it has them already."""

import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest

from billhead.plugin import (
    ChannelConnection,
    InvalidInput,
    Message,
    NoticeNotSent,
    NoticeRejected,
    load_settings,
)
from billhead.testing import NotificationConformance
from billhead.testing.conformance.notification import Delivered
from billhead_webhook import plugin
from billhead_webhook.channel import WebhookChannel
from billhead_webhook.settings import WebhookSettings

SECRET = "northcable-signs-this-3f9b27c1"
BILL = Message(
    "invoice:7@webhook", "", "ada@example.org", "Rechnung für März", "Grüße\n", kind="invoice",
    at=datetime(2026, 11, 28, 12, 0, tzinfo=UTC),
)  # fmt: skip


def connected(url):
    return ChannelConnection(load_settings(WebhookSettings, {"url": url, "signing_secret": SECRET}))


class TestWebhookConforms(NotificationConformance):
    @pytest.fixture(autouse=True)
    def _receiver(self, receiver):
        self.receiver = receiver

    @pytest.fixture
    def channel(self):
        return WebhookChannel()

    @pytest.fixture
    def connection(self, receiver):
        return connected(receiver.url)

    @pytest.fixture
    def dead_connection(self):
        return connected("http://127.0.0.1:9")

    def delivered(self):
        told = [json.loads(request.body) for request in self.receiver.requests]
        return [Delivered((one["recipient"],), one["subject"], one["text"]) for one in told]


def test_it_is_offered():
    assert [channel.code for channel in plugin.notification_channels()] == ["webhook"]


def test_the_receiver_checks_the_signature_with_the_standard_library(receiver):
    WebhookChannel().send(connected(receiver.url + "/in?from=billhead"), BILL)
    (request,) = receiver.requests
    assert (request.method, request.path) == ("POST", "/in?from=billhead")
    assert json.loads(request.body)["kind"] == "invoice"
    assert request.headers["Billhead-Id"] == "invoice:7@webhook"
    time, _, signed = request.headers["Billhead-Signature"].partition(",v1=")
    assert time == "t=1795867200"
    expected = hmac.new(SECRET.encode(), b"1795867200." + request.body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(signed, expected)


@pytest.mark.parametrize(
    ("answer", "raised"),
    [
        ((204, b""), None),
        ((400, b""), NoticeRejected),
        ((410, b""), NoticeRejected),
        ((404, b""), NoticeNotSent),
        ((429, b""), NoticeNotSent),
        ((503, b""), NoticeNotSent),
        ((307, b""), NoticeNotSent),
        (None, NoticeNotSent),
    ],
)
def test_what_an_answer_means(receiver, answer, raised):
    receiver.answer = lambda _request: answer
    if raised is None:
        WebhookChannel().send(connected(receiver.url), BILL)
        return
    with pytest.raises(raised):
        WebhookChannel().send(connected(receiver.url), BILL)
    assert len(receiver.requests) == 1


@pytest.mark.parametrize(
    ("field", "settings"),
    [
        ("url", {"url": ""}),
        ("url", {"url": "http://crm.example"}),
        ("url", {"url": "http://localhost.evil.example"}),
        ("signing_secret", {"signing_secret": "too short"}),
    ],
)
def test_settings_that_could_not_work_are_refused(field, settings):
    with pytest.raises(InvalidInput) as refused:
        load_settings(WebhookSettings, {"url": "https://crm.example", "signing_secret": SECRET, **settings})
    assert refused.value.field == field
