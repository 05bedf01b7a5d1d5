"""The gateway `sandbox_cards` against a running card processor, over a real socket: every card, every way to lose an
answer, and callbacks that come twice, forged and out of order."""

import json
import time
from dataclasses import replace
from datetime import timedelta
from queue import Queue
from threading import Thread

import httpx
import pytest
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from billhead.plugin import (
    AttemptState,
    CallbackForged,
    DeclineClass,
    GatewayConnection,
    GatewayRejected,
    GatewayUnreachable,
    HttpClient,
    Money,
    Outcome,
    OutcomeUnknown,
    RawCallback,
    RefundView,
    SavedMethod,
    VerifiedKind,
    load_settings,
)
from billhead.testing import GatewayConformance, clock
from billhead_sandbox import plugin
from billhead_sandbox.cards.courier import sign
from billhead_sandbox.gateway import SandboxCards

SECRETS = {"api_key": "sk_sandbox_demo", "callback_secret": "whsec_sandbox_demo"}
PRICE = Money(1190, "EUR")
FEE = Money(17, "EUR")  # 150 basis points of 11.90 are 0.1785, rounded down
FORGED = {"signature", "stale", "amount", "currency", "reference"}


class Inbox:
    """The shop's callback address: hands on each message exactly as it came."""

    def __init__(self):
        self.messages = Queue()
        self.server = make_server("127.0.0.1", 0, self._take, threaded=True)
        self.url = f"http://127.0.0.1:{self.server.server_port}/callbacks/token"
        self.thread = Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    @Request.application
    def _take(self, request):
        headers = {name.lower(): value for name, value in request.headers}
        self.messages.put(RawCallback(request.path, "", headers, request.get_data(), clock.now()))
        return Response(b"")

    def next(self):
        return self.messages.get(timeout=8)

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def inbox():
    inbox = Inbox()
    yield inbox
    inbox.close()


def connected(url, callback_url="http://127.0.0.1:1/callbacks/none"):
    settings = load_settings(SandboxCards.settings_type, {"url": url, **SECRETS})
    http = HttpClient("cards", timeout_seconds=2, unreachable=GatewayUnreachable, unknown=OutcomeUnknown)
    return GatewayConnection("cards", settings, http, callback_url)


class TestSandboxCardsConforms(GatewayConformance):
    claims = SandboxCards().capabilities()

    @pytest.fixture
    def gateway(self):
        return SandboxCards()

    @pytest.fixture
    def account(self, wire):
        self.wire = wire
        wire.control("POST", "cards", {"callbacks": False})
        account = connected(wire.running.url)
        yield account
        account.http.close()

    @pytest.fixture
    def saved_method(self):
        return SavedMethod("tok_ok", "Visa •••• 4242")

    def charges(self, attempt):
        charges = self.wire.card("GET", "charges", params={"reference": attempt.key}).json()["data"]
        return len([charge for charge in charges if charge["status"] == "succeeded"])

    def genuine_callback(self, account, attempt, event):
        charge = {"id": f"ch-{event}", "status": "succeeded", "amount": 1190, "currency": "EUR", "fee": 17}
        return signed({"id": event, "type": "charge.succeeded", "data": {**charge, "reference": attempt.key}})


def signed(content, *, secret=SECRETS["callback_secret"], age=0):
    """A callback as the processor signs it, `age` seconds before it came."""
    now = clock.now()
    body = json.dumps(content).encode()
    header = sign(secret, body, int(now.timestamp()) - age)
    return RawCallback("/callbacks/token", "", {"sandbox-signature": header}, body, now)


@pytest.fixture
def gateway():
    return SandboxCards()


@pytest.fixture
def account(wire, inbox):
    account = connected(wire.running.url, inbox.url)
    yield account
    account.http.close()


@pytest.fixture
def attempt():
    return replace(GatewayConformance().new_attempt(), amount=PRICE)


def pay(checkout, number, **more):
    """What the payer does on the hosted page; returns where that leads."""
    card = {"number": number, "expiry": "12/30", "cvc": "123", **more}
    return httpx.post(checkout.url, data=card, trust_env=False, timeout=5)


def test_the_plugin_offers_it():
    assert plugin.API == 1
    assert [gateway.code for gateway in plugin.payment_gateways()] == ["sandbox_cards"]
    able = SandboxCards().capabilities()
    assert (able.save, able.off_session, able.refund, able.partial_refund) == (True, True, True, True)


# -- with the payer present --------------------------------------------------------------------------------------------


def test_the_hosted_page_asks_for_the_amount_and_leads_back(gateway, account, attempt):
    checkout = gateway.start_checkout(account, attempt)
    page = httpx.get(checkout.url, trust_env=False)
    assert "11.90 EUR" in page.text
    assert attempt.description in page.text
    back = pay(checkout, "4242424242424242")
    assert back.status_code == 303
    assert back.headers["location"] == f"{attempt.return_url}?charge={checkout.provider_ref}"


def test_a_checkout_that_is_begun_twice_is_one_checkout(gateway, account, attempt):
    assert gateway.start_checkout(account, attempt) == gateway.start_checkout(account, attempt)


def test_a_card_is_saved_only_when_the_payer_agrees(gateway, account, attempt):
    checkout = gateway.start_checkout(account, replace(attempt, save_method=True))
    assert " checked" in httpx.get(checkout.url, trust_env=False).text, "the wish is shown, and can be taken back"
    pay(checkout, "4242424242424242")
    assert gateway.lookup(account, attempt).method is None


@pytest.mark.parametrize(
    ("number", "state", "decline", "code", "fee", "label"),
    [
        ("4242424242424242", "succeeded", None, "", FEE, "Visa •••• 4242"),
        ("4000000000009995", "failed", DeclineClass.SOFT, "insufficient_funds", None, ""),
        ("4000000000009987", "failed", DeclineClass.HARD, "lost_card", None, ""),
        ("4000000000003220", "requires_action", None, "", None, ""),
        ("4000000000000077", "processing", None, "", None, ""),
        ("4000000000000341", "succeeded", None, "", FEE, "Visa •••• 0341"),
        ("4000000000000259", "succeeded", None, "", FEE, "Visa •••• 0259"),
    ],
)
def test_what_a_test_card_does_on_the_page(gateway, account, attempt, number, state, decline, code, fee, label):
    checkout = gateway.start_checkout(account, attempt)
    pay(checkout, number, save="1")
    seen = gateway.lookup(account, replace(attempt, provider_ref=checkout.provider_ref))
    assert (seen.state, seen.decline, seen.code) == (state, decline, code)
    assert (seen.amount, seen.fee, seen.provider_ref) == (PRICE, fee, checkout.provider_ref)
    assert (seen.method.label if seen.method else "") == label
    assert seen.method is None or seen.method.expires == "2030-12"


def test_a_page_that_hangs_up_has_charged_all_the_same(gateway, account, attempt):
    checkout = gateway.start_checkout(account, attempt)
    with pytest.raises(httpx.RemoteProtocolError):
        pay(checkout, "4000000000000101")
    assert gateway.lookup(account, attempt).state == "succeeded"


@pytest.mark.parametrize(("decision", "state"), [("approve", "succeeded"), ("refuse", "failed")])
def test_3d_secure_on_the_page(gateway, account, attempt, decision, state):
    checkout = gateway.start_checkout(account, attempt)
    assert "approve" in httpx.get(pay_until_asked(checkout), trust_env=False).text
    httpx.post(f"{checkout.url}/challenge", data={"decision": decision}, trust_env=False)
    assert gateway.lookup(account, attempt).state == state


def pay_until_asked(checkout):
    asked = pay(checkout, "4000000000003220")
    return str(httpx.URL(checkout.url).join(asked.headers["location"]))


def test_a_payer_who_walks_away(gateway, account, attempt, wire):
    checkout = gateway.start_checkout(account, attempt)
    back = pay(checkout, "", cancel="1")
    assert back.headers["location"].startswith(attempt.cancel_url)
    assert gateway.lookup(account, attempt).state == "canceled"
    other = GatewayConformance().new_attempt()
    gateway.start_checkout(account, other)
    wire.control("POST", "cards", {"session_seconds": 0})
    time.sleep(1.1)
    assert gateway.lookup(account, other).state == "expired"


# -- without the payer -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "state", "decline", "code"),
    [
        ("tok_ok", "succeeded", None, ""),
        ("tok_insufficient", "failed", DeclineClass.SOFT, "insufficient_funds"),
        ("tok_lost", "failed", DeclineClass.HARD, "lost_card"),
        ("tok_3ds", "failed", DeclineClass.NEEDS_CUSTOMER, "authentication_required"),
        ("tok_processing", "processing", None, ""),
        ("tok_flaky_1", "failed", DeclineClass.SOFT, "try_again_later"),
        ("gone", "failed", DeclineClass.HARD, "no_such_token"),
    ],
)
def test_what_a_saved_card_does(gateway, account, attempt, token, state, decline, code):
    outcome = gateway.charge_saved(account, attempt, SavedMethod(token, "Visa"))
    assert (outcome.state, outcome.decline, outcome.code) == (state, decline, code)
    assert outcome.amount == PRICE
    assert outcome.fee == (FEE if state == "succeeded" else None)
    assert outcome.method is None, "a charge of a saved card saves none"
    assert gateway.charge_saved(account, attempt, SavedMethod(token, "Visa")) == outcome
    assert gateway.lookup(account, attempt) == outcome


def test_a_flaky_card_pays_in_the_end_each_try_with_its_own_key(gateway, account, attempt):
    states = [
        gateway.charge_saved(
            account, replace(attempt, key=f"{attempt.key}-{n}"), SavedMethod("tok_flaky_2_a", "")
        ).state
        for n in range(3)
    ]
    assert states == ["failed", "failed", "succeeded"]


def test_after_3d_secure_off_session_nothing_stays_open_to_be_paid_twice(gateway, account, attempt, wire):
    gateway.charge_saved(account, attempt, SavedMethod("tok_3ds", "Visa"))
    (charge,) = wire.card("GET", "charges", params={"reference": attempt.key}).json()["data"]
    assert (charge["status"], charge["action_url"]) == ("canceled", None)


def test_a_charge_without_an_answer_is_found_by_its_reference(gateway, account, attempt, wire):
    with pytest.raises(OutcomeUnknown):
        gateway.charge_saved(account, attempt, SavedMethod("tok_unknown", "Visa"))
    seen = gateway.lookup(account, attempt)
    assert (seen.state, seen.amount, seen.fee) == ("succeeded", PRICE, FEE)
    again = gateway.charge_saved(account, attempt, SavedMethod("tok_unknown", "Visa"))
    assert again.provider_ref == seen.provider_ref
    assert len(wire.card("GET", "charges", params={"reference": attempt.key}).json()["data"]) == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "crash"},
        {"kind": "status", "status": 502, "perform": True},
        {"kind": "empty"},
        {"kind": "html"},
        {"kind": "truncated"},
        {"kind": "slow", "seconds": 3},
    ],
    ids=lambda fault: fault["kind"],
)
def test_whatever_comes_instead_of_the_answer_it_is_unknown_and_one_charge(gateway, account, attempt, wire, fault):
    wire.control("POST", "faults", {**fault, "match": "cards.charge", "count": 1})
    with pytest.raises(OutcomeUnknown):
        gateway.charge_saved(account, attempt, SavedMethod("tok_ok", "Visa"))
    assert gateway.lookup(account, attempt).state == "succeeded"
    assert gateway.charge_saved(account, attempt, SavedMethod("tok_ok", "Visa")).state == "succeeded"
    assert len(wire.card("GET", "charges", params={"reference": attempt.key}).json()["data"]) == 1


def test_a_request_that_never_arrived_can_not_arrive_later(gateway, account, attempt, wire):
    """The look-up takes the key: the charge that comes late is refused, so `failed` is true and stays true."""
    wire.control("POST", "faults", {"kind": "reset", "match": "cards.charge", "count": 1})
    with pytest.raises(OutcomeUnknown):
        gateway.charge_saved(account, attempt, SavedMethod("tok_ok", "Visa"))
    seen = gateway.lookup(account, attempt)
    assert seen == Outcome(AttemptState.FAILED, decline=DeclineClass.RATE_LIMITED, code="never_arrived")
    assert gateway.lookup(account, attempt) == seen
    with pytest.raises(OutcomeUnknown):
        gateway.charge_saved(account, attempt, SavedMethod("tok_ok", "Visa"))
    assert wire.card("GET", "charges", params={"reference": attempt.key}).json()["data"] == []


def test_a_lookup_that_can_not_take_the_key_knows_nothing(gateway, account, attempt, wire):
    wire.control("POST", "faults", {"kind": "crash", "match": "cards.charge", "count": 1})
    assert gateway.lookup(account, attempt) == Outcome(AttemptState.UNKNOWN)
    assert gateway.lookup(account, attempt).state == "failed"


def test_a_lookup_says_when_it_is_not_answered(gateway, account, attempt, wire):
    for fault in ("crash", "empty", "html", "truncated", "status"):
        wire.control("POST", "faults", {"kind": fault, "match": "cards.lookup", "count": 1})
        with pytest.raises(GatewayUnreachable):
            gateway.lookup(account, attempt)


def test_a_refusal_names_what_is_wrong(gateway, account, attempt, wire):
    wrong = replace(account, settings=replace(account.settings, api_key="sk_wrong"))
    with pytest.raises(GatewayRejected, match="API key") as refused:
        gateway.charge_saved(wrong, attempt, SavedMethod("tok_ok", ""))
    assert refused.value.code == "unauthorised"
    assert "sk_wrong" not in str(refused.value)
    with pytest.raises(GatewayRejected, match="callback_url"):
        gateway.start_checkout(replace(account, callback_url="shop.example"), attempt)


def test_too_many_requests_are_not_sent(gateway, account, attempt, wire):
    wire.control("POST", "faults", {"kind": "status", "status": 429, "match": "cards.*", "count": 1})
    with pytest.raises(GatewayUnreachable, match="too often"):
        gateway.charge_saved(account, attempt, SavedMethod("tok_ok", "Visa"))


# -- refunds -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["succeeded", "processing", "failed"])
def test_a_refund_is_made_once_and_can_be_looked_up(gateway, account, attempt, wire, status):
    wire.control("POST", "cards", {"refund_status": status, "processing_seconds": 60})
    paid = gateway.charge_saved(account, attempt, SavedMethod("tok_ok", "Visa"))
    refund = RefundView("refund-1", Money(190, "EUR"), paid.provider_ref, "asked for")
    assert gateway.lookup_refund(account, refund).state == "unknown"
    outcome = gateway.refund(account, refund)
    assert (outcome.state, outcome.amount) == (status, Money(190, "EUR"))
    assert outcome.code == ("account_closed" if status == "failed" else "")
    assert gateway.refund(account, refund) == outcome == gateway.lookup_refund(account, refund)


def test_no_more_is_refunded_than_was_paid(gateway, account, attempt):
    paid = gateway.charge_saved(account, attempt, SavedMethod("tok_ok", "Visa"))
    gateway.refund(account, RefundView("refund-1", Money(1000, "EUR"), paid.provider_ref, "part"))
    with pytest.raises(GatewayRejected, match="190") as refused:
        gateway.refund(account, RefundView("refund-2", Money(191, "EUR"), paid.provider_ref, "over the rest"))
    assert refused.value.code == "amount_too_large"
    gateway.refund(account, RefundView("refund-3", Money(190, "EUR"), paid.provider_ref, "the rest"))


def test_a_refund_without_an_answer_is_found(gateway, account, attempt, wire):
    paid = gateway.charge_saved(account, attempt, SavedMethod("tok_ok", "Visa"))
    refund = RefundView("refund-1", PRICE, paid.provider_ref, "asked for")
    wire.control("POST", "faults", {"kind": "crash", "match": "cards.refund", "count": 1})
    with pytest.raises(OutcomeUnknown):
        gateway.refund(account, refund)
    found = gateway.lookup_refund(account, refund)
    assert (found.state, found.amount) == ("succeeded", PRICE)


# -- callbacks ---------------------------------------------------------------------------------------------------------


def test_a_paid_checkout_is_reported(gateway, account, attempt, inbox):
    checkout = gateway.start_checkout(account, attempt)
    (waits,) = gateway.parse_callback(account, inbox.next())
    assert (waits.reference, waits.outcome.state) == (attempt.key, "requires_action")
    assert waits.outcome.action_url == checkout.url
    pay(checkout, "4242424242424242", save="1")
    raw = inbox.next()
    (paid,) = gateway.parse_callback(account, raw)
    assert (paid.kind, paid.reference, paid.outcome.state) == (VerifiedKind.ATTEMPT, attempt.key, "succeeded")
    assert (paid.outcome.amount, paid.outcome.fee) == (PRICE, FEE)
    assert paid.outcome == gateway.lookup(account, attempt), "a callback says what a look-up says, card included"
    assert paid.event_id != waits.event_id
    assert gateway.acknowledge(raw) == b""


def test_a_payment_in_processing_is_reported_twice(gateway, account, attempt, inbox, wire):
    wire.control("POST", "cards", {"processing_seconds": 0.2, "processing_ends": "failed"})
    gateway.charge_saved(account, attempt, SavedMethod("tok_processing", "Visa"))
    told = [gateway.parse_callback(account, inbox.next())[0].outcome for _ in range(2)]
    assert [one.state for one in told] == ["processing", "failed"]
    assert (told[1].decline, told[1].code) == (DeclineClass.SOFT, "declined_late")


def test_3d_secure_off_session_is_never_reported_as_a_soft_decline(gateway, account, attempt, inbox):
    gateway.charge_saved(account, attempt, SavedMethod("tok_3ds", "Visa"))
    told = [gateway.parse_callback(account, inbox.next())[0].outcome for _ in range(2)]
    assert [(one.state, one.decline) for one in told] == [
        ("requires_action", None),
        ("failed", DeclineClass.NEEDS_CUSTOMER),
    ]


def test_callbacks_out_of_order_and_in_copies(gateway, account, attempt, inbox, wire):
    wire.control("POST", "cards", {"callback_out_of_order": True, "callback_copies": 2})
    pay(gateway.start_checkout(account, attempt), "4242424242424242")
    facts = [gateway.parse_callback(account, inbox.next())[0] for _ in range(4)]
    assert [fact.outcome.state for fact in facts] == ["succeeded", "succeeded", "requires_action", "requires_action"]
    assert len({fact.event_id for fact in facts}) == 2


@pytest.mark.parametrize("forgery", sorted(FORGED - {"amount", "currency", "reference"}))
def test_a_forged_signature_is_refused(gateway, account, attempt, inbox, wire, forgery):
    wire.control("POST", "cards", {"callback_forged": forgery})
    gateway.charge_saved(account, attempt, SavedMethod("tok_ok", "Visa"))
    with pytest.raises(CallbackForged):
        gateway.parse_callback(account, inbox.next())


@pytest.mark.parametrize(
    ("forgery", "amount", "reference"),
    [
        ("amount", Money(1191, "EUR"), None),
        ("currency", None, None),
        ("reference", PRICE, "somebody-else"),
    ],
)
def test_what_is_signed_is_told_as_it_stands_for_core_to_compare(
    gateway, account, attempt, inbox, wire, forgery, amount, reference
):
    wire.control("POST", "cards", {"callback_forged": forgery})
    gateway.charge_saved(account, attempt, SavedMethod("tok_ok", "Visa"))
    if amount is None:  # XTS is no currency that anybody is paid in
        with pytest.raises(CallbackForged, match="XTS"):
            gateway.parse_callback(account, inbox.next())
        return
    (fact,) = gateway.parse_callback(account, inbox.next())
    assert (fact.outcome.amount, fact.reference) == (amount, reference or attempt.key)


@pytest.mark.parametrize(("age", "fresh"), [(0, True), (298, True), (302, False), (-298, True), (-302, False)])
def test_a_signature_is_fresh_for_300_seconds_in_both_directions(gateway, account, age, fresh):
    raw = signed({"id": "evt_1", "type": "token.unheard_of", "data": {}}, age=age)
    if fresh:
        assert gateway.parse_callback(account, raw) == []
    else:
        with pytest.raises(CallbackForged, match="0:05:00 are allowed"):
            gateway.parse_callback(account, raw)


def test_an_old_callback_is_judged_by_when_it_came_not_by_when_it_is_read(gateway, account):
    raw = signed({"id": "evt_1", "type": "token.forgotten", "data": {}})
    assert gateway.parse_callback(account, raw) == []
    with pytest.raises(CallbackForged):
        gateway.parse_callback(account, replace(raw, received_at=raw.received_at + timedelta(hours=1)))


def test_unknown_types_are_taken_and_say_nothing(gateway, account):
    assert gateway.parse_callback(account, signed({"id": "evt_1", "type": "payout.paid", "data": {}})) == []


@pytest.mark.parametrize("header", ["", "t=1", "v1=ab", "t=99999999999,v1=" + "0" * 64, "t=-1,v1=" + "0" * 64])
def test_a_header_of_another_form_is_refused(gateway, account, header):
    raw = signed({"id": "evt_1", "type": "charge.succeeded", "data": {}})
    with pytest.raises(CallbackForged, match="Sandbox-Signature"):
        gateway.parse_callback(account, replace(raw, headers={"sandbox-signature": header}))


def test_a_callback_of_another_account_is_refused(gateway, account):
    raw = signed({"id": "evt_1", "type": "charge.succeeded", "data": {}}, secret="whsec_of_somebody_else")
    with pytest.raises(CallbackForged, match="does not fit"):
        gateway.parse_callback(account, raw)


def test_a_refund_is_reported_under_its_own_key(gateway, account, attempt, inbox):
    paid = gateway.charge_saved(account, attempt, SavedMethod("tok_ok", "Visa"))
    inbox.next()
    gateway.refund(account, RefundView("refund-1", PRICE, paid.provider_ref, "asked for"))
    (fact,) = gateway.parse_callback(account, inbox.next())
    assert (fact.kind, fact.reference, fact.outcome.state) == (VerifiedKind.REFUND, "refund-1", "succeeded")
