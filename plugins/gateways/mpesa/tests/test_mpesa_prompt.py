"""The prompt on the phone: what is sent, what became of it, and what Safaricom's calls prove."""

import json
from dataclasses import replace

import pytest
from fake_mpesa import CALLER, CREDENTIALS

from billhead.plugin import (
    AttemptState,
    CallbackForged,
    DeclineClass,
    GatewayRejected,
    GatewayUnreachable,
    InvalidInput,
    Money,
    OutcomeUnknown,
    VerifiedKind,
    access_tokens,
    load_settings,
)
from billhead_mpesa import client, plugin
from billhead_mpesa.addresses import prompt_address
from billhead_mpesa.amounts import from_mpesa
from billhead_mpesa.phones import normal_phone
from billhead_mpesa.settings import MpesaSettings


@pytest.fixture
def begun(gateway, account, attempt, mpesa):
    """A prompt that waits on the phone: (the attempt as core then knows it, the prompt)."""
    start = gateway.start_checkout(account, attempt)
    return replace(attempt, provider_ref=start.provider_ref), mpesa.push_of(attempt.key)


def test_the_plugin_offers_it():
    assert plugin.API == 1
    assert [gateway.code for gateway in plugin.payment_gateways()] == ["mpesa"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"consumer_key": "a b"}, "consumer_key"),
        ({"consumer_secret": "with a space"}, "consumer_secret"),
        ({"passkey": ""}, "passkey"),
        ({"shortcode": "0712345678901"}, "shortcode"),
        ({"till": "till 5"}, "till"),
        ({"till": "512345", "deposits": True}, "deposits"),
        ({"callers": "196.201.214.0/24 safaricom"}, "callers"),
        ({"url": "http://api.safaricom.example"}, "url"),
    ],
)
def test_settings_that_can_not_be_right(wrong, field):
    assert load_settings(MpesaSettings, CREDENTIALS).url == "https://api.safaricom.co.ke"
    with pytest.raises(InvalidInput, match=field) as refused:
        load_settings(MpesaSettings, {**CREDENTIALS, **wrong})
    assert "with a space" not in str(refused.value)


@pytest.mark.parametrize(
    "typed",
    [
        "0712345678",
        "0712 345 678",
        "+254712345678",
        "254712345678",
        "+254 (712) 345-678",
        "00254712345678",
        "712345678",
    ],
)
def test_a_number_is_taken_as_people_write_it(typed):
    assert normal_phone(typed) == "254712345678"
    assert normal_phone("0110 123 456") == "254110123456"


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("071234567", "8 digits"),
        ("07123456789", "10 digits"),
        ("+255712345678", "another country"),
        ("+44 7911 123456", "another country"),
        ("0202222222", "no mobile number"),
        ("0812345678", "no mobile number"),
        ("0712345abc", "no digit"),
        ("\u0660712345678", "no digit"),
        ("mpesa", "no digit"),
    ],
)
def test_another_number_is_refused_with_the_reason(typed, reason):
    with pytest.raises(InvalidInput, match=reason) as refused:
        normal_phone(typed)
    assert refused.value.hint


@pytest.mark.parametrize(
    ("told", "minor"),
    [(1200, 120_000), ("1200", 120_000), ("1200.00", 120_000), ("1199.99", 119_999), (0, 0), ("1.001", None),
     (True, None), (None, None), ("NaN", None), ("-1", None), ("1e30", None), ([], None), ("1,200", None)],
)  # fmt: skip
def test_an_amount_is_read_or_it_is_none(told, minor):
    assert from_mpesa(told) == (None if minor is None else Money(minor, "KES"))


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        (Money(120_050, "KES"), "amount_too_fine"),
        (Money(0, "KES"), "amount_not_above_zero"),
        (Money(1200, "EUR"), "currency_not_taken"),
        (Money(1200, "JPY"), "currency_not_taken"),
        (Money(5000, "KWD"), "currency_not_taken"),
    ],
)
def test_what_m_pesa_can_not_represent_is_refused_and_not_sent(gateway, account, attempt, mpesa, amount, code):
    with pytest.raises(GatewayRejected) as refused:
        gateway.start_checkout(account, replace(attempt, amount=amount))
    assert refused.value.code == code
    assert mpesa.pushes == {}


# -- what is sent ------------------------------------------------------------------------------------------------------


def test_the_prompt_asks_this_phone_for_this_amount(begun, gateway, account):
    attempt, push = begun
    sent = push.body
    assert (sent["Amount"], sent["PartyA"], sent["PhoneNumber"]) == (1200, "254712345678", "254712345678")
    assert (sent["TransactionType"], sent["PartyB"]) == ("CustomerPayBillOnline", "174379")
    assert (sent["AccountReference"], sent["TransactionDesc"]) == (attempt.short_reference, "INV-7 and 1 m")
    assert sent["CallBackURL"].startswith(f"{account.callback_url}/{attempt.key}.")
    assert attempt.provider_ref == push.name


def test_a_till_is_paid_as_goods(gateway, account, attempt, mpesa):
    till = replace(account, settings=replace(account.settings, till="512345"))
    start = gateway.start_checkout(till, attempt)
    sent = mpesa.push_of(attempt.key).body
    assert (sent["TransactionType"], sent["PartyB"], sent["BusinessShortCode"]) == (
        "CustomerBuyGoodsOnline", "512345", "174379",
    )  # fmt: skip
    assert start.lines["Paid to"] == "till 512345"
    assert start.prompted


def test_one_token_serves_many_calls_and_one_that_ended_early_is_renewed(begun, gateway, account, mpesa):
    attempt, _ = begun
    for _ in range(3):
        gateway.lookup(account, attempt)
    assert mpesa.requests.count("GET /oauth/v1/generate") == 1
    mpesa.tokens.clear()  # revoked
    assert gateway.lookup(account, attempt).state is AttemptState.PROCESSING
    assert mpesa.requests.count("GET /oauth/v1/generate") == 2


def test_a_token_is_not_used_to_its_very_end(begun, gateway, account, mpesa, monkeypatch):
    attempt, _ = begun
    late = client.monotonic() + 3599 - 59
    for keeps_time in (client, access_tokens):
        monkeypatch.setattr(keeps_time, "monotonic", lambda: late)
    gateway.lookup(account, attempt)
    assert mpesa.requests.count("GET /oauth/v1/generate") == 2


@pytest.mark.parametrize(
    ("kind", "more", "error", "code"),
    [
        ("lost", {}, OutcomeUnknown, "outcome_unknown"),
        ("refused", {}, OutcomeUnknown, "outcome_unknown"),
        ("html", {}, OutcomeUnknown, "outcome_unknown"),
        ("empty", {}, OutcomeUnknown, "outcome_unknown"),
        ("cut", {}, OutcomeUnknown, "outcome_unknown"),
        ("status", {"status": 500, "issue": "500.001.9999"}, OutcomeUnknown, "outcome_unknown"),
        ("status", {"status": 500, "issue": "500.003.02"}, GatewayUnreachable, "rate_limited"),
        ("status", {"status": 429, "issue": "429.001.01"}, GatewayUnreachable, "rate_limited"),
        ("status", {"status": 400, "issue": "400.002.02"}, GatewayRejected, "400.002.02"),
        ("status", {"status": 401, "issue": "401.002.01", "count": 2}, GatewayRejected, "not_authorised"),
    ],
)
def test_what_a_push_without_a_good_answer_means(gateway, account, attempt, mpesa, kind, more, error, code):
    mpesa.fault("POST /mpesa/stkpush", kind, **more)
    with pytest.raises(error) as told:
        gateway.start_checkout(account, attempt)
    assert told.value.code == code
    ours = getattr(told.value, "decline", None) is DeclineClass.CONFIG
    assert ours == (code == "not_authorised"), "such an account pauses, and no other"
    assert len(mpesa.pushes) <= 1, "a push is never repeated by itself"


def test_another_prompt_on_the_same_phone_is_said_in_words(begun, gateway, account, attempt):
    with pytest.raises(GatewayRejected) as refused:
        gateway.start_checkout(account, replace(attempt, key="another"))
    assert "Another M-Pesa payment" in gateway.explain(refused.value.code)


def test_wrong_credentials_are_said_in_words(gateway, account, attempt, mpesa):
    wrong = replace(account, settings=replace(account.settings, passkey="another"))
    with pytest.raises(GatewayRejected, match="shortcode and passkey"):
        gateway.start_checkout(wrong, attempt)
    wrong = replace(account, settings=replace(account.settings, consumer_secret="another"))
    with pytest.raises(GatewayRejected, match="consumer key") as refused:
        gateway.check(wrong)
    assert refused.value.hint
    assert mpesa.pushes == {}


# -- what became of it -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "state", "decline"),
    [
        ("0", AttemptState.SUCCEEDED, None),
        *[(code, AttemptState.FAILED, DeclineClass.SOFT) for code in ("1", "2", "3", "4", "8")],
        *[(code, AttemptState.FAILED, DeclineClass.SOFT) for code in ("17", "26", "1025", "9999")],
        *[(code, AttemptState.FAILED, DeclineClass.NEEDS_CUSTOMER) for code in ("1032", "1037", "1019", "1001")],
        ("2001", AttemptState.FAILED, DeclineClass.NEEDS_CUSTOMER),
        *[(code, AttemptState.FAILED, DeclineClass.CONFIG) for code in ("2028", "2006", "404.001.03", "500.001.1001")],
        ("400.002.02", AttemptState.FAILED, DeclineClass.INVALID_REQUEST),
        ("500.003.02", AttemptState.UNKNOWN, None),
        ("4999", AttemptState.PROCESSING, None),
        ("7777", AttemptState.UNKNOWN, None),
    ],
)  # fmt: skip
def test_each_result_code_in_neutral_words(begun, gateway, account, mpesa, code, state, decline):
    attempt, push = begun
    assert gateway.lookup(account, attempt).state is AttemptState.PROCESSING
    mpesa.end(push, code)
    seen = gateway.lookup(account, attempt)
    assert (seen.state, seen.decline) == (state, decline)
    assert seen.amount == (attempt.amount if code == "0" else None)
    assert bool(gateway.explain(seen.code)) == (state is AttemptState.FAILED)


def test_without_its_number_a_push_can_not_be_looked_up(gateway, account, attempt, mpesa):
    assert gateway.lookup(account, attempt).state is AttemptState.UNKNOWN
    assert mpesa.requests == []


# -- what calls prove --------------------------------------------------------------------------------------------------


def test_a_paid_prompt_is_told_with_its_receipt(begun, gateway, account, mpesa):
    attempt, push = begun
    (fact,) = gateway.parse_callback(account, mpesa.answer(mpesa.confirm(push)))
    assert (fact.kind, fact.reference, fact.same_ref) == (VerifiedKind.ATTEMPT, attempt.key, True)
    outcome = fact.outcome
    assert (outcome.state, outcome.provider_ref) == (AttemptState.SUCCEEDED, push.name)
    assert (outcome.amount, outcome.receipt) == (attempt.amount, push.receipt)


def test_a_declined_prompt_is_told_without_one(begun, gateway, account, mpesa):
    _, push = begun
    raw = mpesa.answer(mpesa.end(push, "1032"))
    (fact,) = gateway.parse_callback(account, raw)
    assert (fact.outcome.state, fact.outcome.code) == (AttemptState.FAILED, "1032")
    assert json.loads(gateway.acknowledge(raw)) == {"ResultCode": 0, "ResultDesc": "Accepted"}


def test_a_call_that_safaricom_does_not_confirm_proves_nothing(begun, gateway, account, mpesa):
    _, push = begun
    paid = mpesa.answer(mpesa.confirm(push))
    push.code = ""
    with pytest.raises(GatewayUnreachable):  # it is asked again later
        gateway.parse_callback(account, paid)
    push.code = "1032"
    with pytest.raises(CallbackForged, match="otherwise"):
        gateway.parse_callback(account, paid)
    push.code = "0"
    with pytest.raises(CallbackForged, match="otherwise"):
        gateway.parse_callback(account, mpesa.answer(push, ResultCode=1032))


def test_a_call_for_another_phone_or_without_a_receipt_is_refused(begun, gateway, account, mpesa):
    _, push = begun
    raw = mpesa.answer(mpesa.confirm(push))
    for wrong in (raw.body.replace(b"254712345678", b"254799999999"), raw.body.replace(b"MpesaReceiptNumber", b"Note")):
        with pytest.raises(CallbackForged):
            gateway.parse_callback(account, replace(raw, body=wrong))
    masked = raw.body.replace(b"254712345678", b'"2547****5678"')
    assert gateway.parse_callback(account, replace(raw, body=masked))[0].outcome.receipt == push.receipt


def test_who_may_call_is_limited_where_it_is_set(begun, gateway, account, mpesa):
    _, push = begun
    raw = mpesa.answer(mpesa.confirm(push))
    limited = replace(account, settings=replace(account.settings, callers="10.0.0.1, 196.201.214.0/24"))
    assert gateway.parse_callback(limited, raw)
    assert raw.remote_address == CALLER
    for address in ("196.201.215.1", "", "unix:"):
        with pytest.raises(CallbackForged, match="may not call"):
            gateway.parse_callback(limited, replace(raw, remote_address=address))


# -- the account check -------------------------------------------------------------------------------------------------


def test_the_check_says_what_holds_and_registers_deposits(gateway, account, mpesa):
    assert gateway.check(account) == (
        "M-Pesa accepts the consumer key and its secret. It says nothing against shortcode and passkey."
    )
    assert mpesa.addresses == {}
    takes = replace(account, settings=replace(account.settings, deposits=True))
    assert gateway.check(takes).endswith("It tells of deposits at the paybill from now on.")
    assert mpesa.addresses["ConfirmationURL"].startswith("https://shop.example/callbacks/token/deposit.")
    with pytest.raises(GatewayRejected, match="'sql'"):
        gateway.check(replace(takes, callback_url="https://shop.example/callbacks/xSqLy"))
    with pytest.raises(GatewayRejected, match="https only"):
        gateway.check(replace(account, callback_url="http://shop.example/callbacks/token"))
    wrong = replace(account, settings=replace(account.settings, passkey="another"))
    with pytest.raises(GatewayRejected, match="shortcode and passkey"):
        gateway.check(wrong)


def test_a_new_passkey_leaves_every_address_that_was_given_out_as_it_is(gateway, account, attempt, mpesa):
    takes = replace(account, settings=replace(account.settings, deposits=True))
    gateway.check(takes)
    gateway.start_checkout(takes, attempt)
    (push,) = mpesa.pushes.values()
    renewed = replace(takes, settings=replace(takes.settings, passkey="the-next-one"))
    raw = mpesa.deposit("INV-7", "1200.00")
    (fact,) = gateway.parse_callback(renewed, raw)
    assert (fact.reference, fact.outcome.amount) == ("INV-7", Money(120_000, "KES"))
    assert prompt_address(renewed, attempt.key, "254712345678") == push.body["CallBackURL"]
    with pytest.raises(CallbackForged):
        gateway.parse_callback(replace(takes, proof_key="of-another-account"), raw)
    with pytest.raises(GatewayRejected, match="no key of its own"):
        gateway.parse_callback(replace(takes, proof_key=""), raw)


def test_a_refund_is_sent_by_hand(gateway):
    assert not gateway.capabilities().refund
    with pytest.raises(GatewayRejected, match="by hand"):
        gateway.refund(None, None)
