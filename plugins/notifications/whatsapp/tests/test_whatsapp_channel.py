"""Messages at the Cloud API over a real socket: what is asked, and what each answer means."""

import json
from dataclasses import replace

import pytest

from billhead.plugin import (
    ChannelConnection,
    CheckedChannel,
    InvalidInput,
    Message,
    NoticeNotSent,
    NoticeRejected,
    OutcomeUnknown,
    load_settings,
)
from billhead.testing import NotificationConformance
from billhead.testing.conformance.notification import Delivered
from billhead_whatsapp import plugin
from billhead_whatsapp.channel import WhatsAppChannel
from billhead_whatsapp.settings import WhatsAppSettings

TOKEN = "EAAGm0PX4ZCpsBAof-the-tests"
BILL = Message(
    "invoice:7", "", "+358401234567", "Invoice 7", "long\n", short="Invoice 7:\n\t15 €,    due 3 Dec", kind="invoice",
    language="de-AT",
)  # fmt: skip
GIVEN = {"phone_number_id": "106540352242922", "token": TOKEN, "template": "news", "languages": "en_US, de, es"}


def connected(url, **changed):
    return ChannelConnection(load_settings(WhatsAppSettings, {**GIVEN, "api": url, **changed}))


def fine(_request):
    sent = {"messaging_product": "whatsapp", "contacts": [{"wa_id": "358401234567"}], "messages": [{"id": "wamid.HB7"}]}
    return 200, json.dumps(sent).encode()


def refused(code, status=400, details="said so", **more):
    error = {"message": f"(#{code}) no", "type": "OAuthException", "code": code, "error_data": {"details": details}}
    error |= more
    return status, json.dumps({"error": error}).encode()


class TestWhatsAppConforms(NotificationConformance):
    recipient = "+358401234567"
    unacceptable_recipient = "0401234567"

    @pytest.fixture(autouse=True)
    def _receiver(self, receiver):
        receiver.answer = fine
        self.receiver = receiver

    @pytest.fixture
    def channel(self):
        return WhatsAppChannel()

    @pytest.fixture
    def connection(self, receiver):
        return connected(receiver.url)

    @pytest.fixture
    def dead_connection(self):
        return connected("http://127.0.0.1:9")

    def delivered(self):
        told = [json.loads(request.body) for request in self.receiver.requests]
        return [
            Delivered((f"+{one['to']}",), "", one["template"]["components"][0]["parameters"][0]["text"]) for one in told
        ]


def test_it_is_offered():
    (channel,) = plugin.notification_channels()
    assert (channel.code, isinstance(channel, CheckedChannel)) == ("whatsapp", True)


def test_a_notice_is_the_one_variable_of_an_approved_template(receiver):
    receiver.answer = fine
    there = connected(f"{receiver.url}/v23.0/", templates="receipt=thanks | reminder=please_pay")
    assert WhatsAppChannel().send(there, BILL) == "taken as wamid.HB7"
    (request,) = receiver.requests
    assert (request.method, request.path) == ("POST", "/v23.0/106540352242922/messages")
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert json.loads(request.body) == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "358401234567",
        "type": "template",
        "template": {
            "name": "news",
            "language": {"code": "de"},
            "components": [{"type": "body", "parameters": [{"type": "text", "text": "Invoice 7: 15 €, due 3 Dec"}]}],
        },
    }
    for kind, language in (("receipt", "es"), ("reminder", "tr"), ("access", "")):
        WhatsAppChannel().send(there, replace(BILL, kind=kind, language=language, short="", text="x" * 1000))
    sent = [json.loads(one.body)["template"] for one in receiver.requests[1:]]
    assert [(one["name"], one["language"]["code"]) for one in sent] == [
        ("thanks", "es"), ("please_pay", "en_US"), ("news", "en_US"),
    ]  # fmt: skip
    assert len(sent[0]["components"][0]["parameters"][0]["text"]) == 900


@pytest.mark.parametrize(
    ("answer", "raised"),
    [
        (refused(131026), NoticeRejected),  # the number is not at WhatsApp
        (refused(131050), NoticeRejected),  # its owner wants no more of them
        (refused(100), NoticeRejected),
        (refused(100, error_subcode=2494010), NoticeRejected),
        (refused(100, error_subcode=33), NoticeNotSent),  # no such phone number ID, or not for this token
        (refused(131037), NoticeNotSent),  # the number's name is not approved
        (refused(1), OutcomeUnknown),
        (refused(190, 401), NoticeNotSent),  # the token ran out
        (refused(10, 403), NoticeNotSent),
        (refused(200, 403), NoticeNotSent),
        (refused(130429, 429), NoticeNotSent),
        (refused(131056), NoticeNotSent),
        (refused(131042), NoticeNotSent),
        (refused(132001, 404), NoticeNotSent),  # no such template in this language
        (refused(131000, 500), OutcomeUnknown),
        (refused(131016, 503), OutcomeUnknown),
        ((429, b"{}"), NoticeNotSent),
        ((302, b"{}"), NoticeNotSent),
        ((200, b"{}"), OutcomeUnknown),
        ((200, b'{"messages": [7]}'), OutcomeUnknown),
        ((200, b"<html>"), OutcomeUnknown),
        ((400, b"<html>"), OutcomeUnknown),
        ((400, b'{"error": "no"}'), NoticeRejected),
        ((200, b"[" * 100_000), OutcomeUnknown),
        (None, OutcomeUnknown),
    ],
)
def test_what_an_answer_means(receiver, answer, raised):
    receiver.answer = lambda _request: answer
    with pytest.raises(raised) as told:
        WhatsAppChannel().send(connected(receiver.url), BILL)
    assert TOKEN not in f"{told.value} {getattr(told.value, 'hint', '')}"
    assert len(receiver.requests) == 1, "nothing is repeated here"


def test_our_own_fault_says_what_to_mend(receiver):
    receiver.answer = lambda _request: refused(132001, 404, "template name (news) does not exist in de")
    with pytest.raises(NoticeNotSent, match=r"does not exist in de \(code 132001\)") as told:
        WhatsAppChannel().send(connected(receiver.url), BILL)
    assert "WhatsApp Manager" in told.value.hint


def test_a_wrong_phone_number_id_says_so(receiver):
    receiver.answer = lambda _request: refused(100, error_subcode=33)
    for ask in (lambda there: WhatsAppChannel().send(there, BILL), WhatsAppChannel().check):
        with pytest.raises(NoticeNotSent, match="code 100") as told:
            ask(connected(receiver.url))
        assert "phone number ID" in told.value.hint


def test_the_check_shows_who_speaks_and_sends_nothing(receiver):
    receiver.answer = lambda _request: (
        200,
        b'{"display_phone_number": "+358 9 123", "verified_name": "North", "id": "1"}',
    )
    assert WhatsAppChannel().check(connected(receiver.url)) == "WhatsApp knows the number +358 9 123: North."
    (request,) = receiver.requests
    assert (request.method, request.path.partition("?")[0]) == ("GET", "/106540352242922")
    receiver.answer = lambda _request: refused(190, 401, "the session has expired")
    with pytest.raises(NoticeNotSent, match="the session has expired") as told:
        WhatsAppChannel().check(connected(receiver.url))
    assert "access token" in told.value.hint
    with pytest.raises(NoticeNotSent):
        WhatsAppChannel().check(connected("http://127.0.0.1:9"))


@pytest.mark.parametrize("number", ["+0401234567", "+35840", "+358 40 1234567", "+358401234567\n", "٠٤٠"])
def test_what_is_no_number_is_never_sent(receiver, number):
    with pytest.raises(NoticeRejected):
        WhatsAppChannel().send(connected(receiver.url), replace(BILL, recipient=number))
    assert receiver.requests == []


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("phone_number_id", {"phone_number_id": "+358401234567"}),
        ("phone_number_id", {"phone_number_id": ""}),
        ("phone_number_id", {"phone_number_id": "1/../me"}),
        ("token", {"token": ""}),
        ("token", {"token": "two words"}),
        ("template", {"template": "News!"}),
        ("languages", {"languages": " , "}),
        ("languages", {"languages": "german"}),
        ("templates", {"templates": "receipt"}),
        ("api", {"api": "http://graph.example"}),
    ],
)
def test_settings_that_could_not_work_are_refused(field, changed):
    with pytest.raises(InvalidInput) as told:
        load_settings(WhatsAppSettings, {**GIVEN, **changed})
    assert told.value.field == field
