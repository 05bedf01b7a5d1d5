"""The gateway and notification kits: a sound one passes, and each sloppy one is caught by the test that is for it."""

import hashlib
import hmac
import json
from dataclasses import dataclass
from itertools import count

import pytest

from billhead import clock
from billhead.plugin import (
    AttemptState,
    CallbackForged,
    ChannelConnection,
    GatewayCapabilities,
    GatewayConnection,
    HttpClient,
    Instructions,
    Message,
    NoticeNotSent,
    NoticeRejected,
    Outcome,
    PaymentGateway,
    RawCallback,
    Verified,
    VerifiedKind,
)
from billhead.testing import GatewayConformance, NotificationConformance
from billhead.testing.conformance.notification import Delivered

KEY = b"callback key"


@dataclass(frozen=True)
class NoSettings:
    """A gateway that needs none."""


def sign(body: bytes) -> str:
    return hmac.new(KEY, body, hashlib.sha256).hexdigest()


class Transfer(PaymentGateway):
    """Money by transfer, reported by signed callbacks."""

    code, label, settings_type = "transfer", "Transfer", object

    def capabilities(self):
        return GatewayCapabilities()

    def start_checkout(self, account, attempt):
        return Instructions({"Reference": attempt.key}, attempt.key)

    def lookup(self, account, attempt):
        return Outcome(AttemptState.UNKNOWN)

    def parse_callback(self, account, raw):
        self.check(raw)
        told = json.loads(raw.body)
        outcome = Outcome(AttemptState.SUCCEEDED)
        return [Verified(VerifiedKind.ATTEMPT, self.event_id(told), told.get("reference", ""), outcome)]

    def check(self, raw):
        if not hmac.compare_digest(raw.headers.get("x-signature", ""), sign(raw.body)):
            raise CallbackForged("the signature does not fit")

    def event_id(self, told):
        return told.get("id", "")


class Kit(GatewayConformance):
    def genuine_callback(self, account, attempt, event):
        body = json.dumps({"id": event, "reference": attempt.key}).encode()
        return RawCallback("/callbacks/x", "", {"x-signature": sign(body)}, body, clock.now())


class TestASoundGatewayConforms(Kit):
    @pytest.fixture
    def gateway(self):
        return Transfer()

    @pytest.fixture
    def account(self):
        http = HttpClient("nobody")
        yield GatewayConnection("test", NoSettings(), http, "https://shop.example.org/callbacks/x")
        http.close()


def collected(kit):
    return {name for name in dir(kit) if name.startswith("test_") and callable(getattr(kit, name))}


def test_what_is_not_claimed_is_not_collected_and_what_is_claimed_is_all_of_it():
    class Silent(Kit):
        calls_back = False

    class Refunding(Silent):
        claims = GatewayCapabilities(refund=True, partial_refund=True)

    class Everything(Refunding):
        claims, calls_back = GatewayCapabilities(off_session=True, forget=True, refund=True, check=True), True

    of_refunds = {"test_the_same_key_refunds_once", "test_two_parts_are_two_refunds"}
    assert not any("callback" in name or "refund" in name for name in collected(Silent))
    assert collected(Refunding) - collected(Silent) == of_refunds
    assert collected(GatewayConformance) - collected(Everything) == {"test_two_parts_are_two_refunds"}
    assert collected(Kit) > collected(Silent)

    class Boasting(Transfer):
        def capabilities(self):
            return GatewayCapabilities(refund=True)

    with pytest.raises(AssertionError, match="say claims ="):
        Kit().test_it_is_a_gateway(Boasting())


def test_it_catches_a_gateway_that_believes_anybody():
    class Trusting(Transfer):
        def check(self, raw):
            """Whatever comes is right."""

    kit = Kit()
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        kit.test_a_forged_callback_is_refused(Trusting(), None, kit.new_attempt())


def test_it_catches_a_gateway_that_stumbles_over_garbage():
    class Stumbling(Transfer):
        def check(self, raw):
            json.loads(raw.body)
            super().check(raw)

    kit = Kit()
    with pytest.raises(ValueError, match="Expecting value"):
        kit.test_a_forged_callback_is_refused(Stumbling(), None, kit.new_attempt())


def test_it_catches_a_gateway_that_takes_a_replay_for_news():
    class Forgetful(Transfer):
        numbers = count(1)

        def event_id(self, told):
            return str(next(self.numbers))

    kit = Kit()
    with pytest.raises(AssertionError):
        kit.test_a_replayed_callback_has_the_same_event_id(Forgetful(), None, kit.new_attempt())


def test_it_catches_a_gateway_that_gives_all_messages_one_id():
    class Numb(Transfer):
        def event_id(self, told):
            return "event"

    with pytest.raises(AssertionError, match="must not share an event_id"):
        Kit().test_reordered_callbacks_say_the_same(Numb(), None)


def test_it_catches_a_gateway_that_takes_hope_for_money():
    class Hopeful(Transfer):
        def lookup(self, account, attempt):
            return Outcome(AttemptState.SUCCEEDED)

    kit = Kit()
    with pytest.raises(AssertionError):
        kit.test_what_nobody_paid_has_not_succeeded(Hopeful(), None, kit.new_attempt())


# -- notification -----------------------------------------------------------------------------------------------------


class Letters:
    """Posts into a list; `box` None = nobody is there."""

    code, label, settings_type = "letters", "Letters", object

    def send(self, channel, message: Message):
        if channel.settings is None:
            raise NoticeNotSent("nobody is there")
        if "@" not in message.recipient or "\n" in message.recipient:
            raise NoticeRejected("no such recipient")
        channel.settings.append(message)


class LettersKit(NotificationConformance):
    def __init__(self):
        self.box = []

    def delivered(self):
        return [Delivered((message.recipient,), message.subject, message.text) for message in self.box]


def test_a_sound_channel_conforms():
    kit = LettersKit()
    there = ChannelConnection(kit.box)
    kit.test_a_message_arrives_once_and_whole(Letters(), there)
    kit.test_a_line_break_adds_no_recipient(Letters(), there)
    kit.test_where_nobody_listens_it_is_not_sent(Letters(), ChannelConnection(None))


def test_it_catches_a_channel_that_loses_or_doubles():
    class Twice(Letters):
        def send(self, channel, message):
            super().send(channel, message)
            super().send(channel, message)

    kit = LettersKit()
    with pytest.raises(ValueError, match="too many values"):
        kit.test_a_message_arrives_once_and_whole(Twice(), ChannelConnection(kit.box))


def test_it_catches_a_channel_that_swallows_its_failure():
    class Silent(Letters):
        def send(self, channel, message):
            """Nothing is sent, and nobody learns it."""

    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        LettersKit().test_where_nobody_listens_it_is_not_sent(Silent(), ChannelConnection(None))
