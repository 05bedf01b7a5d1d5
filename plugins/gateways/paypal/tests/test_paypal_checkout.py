"""With the payer present: the order, its capture, what became of it, and what callbacks about it prove."""

import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest
from fake_paypal import Wallet

from billhead.plugin import (
    AttemptState,
    CallbackForged,
    DeclineClass,
    GatewayRejected,
    GatewayUnreachable,
    Money,
    Outcome,
    OutcomeUnknown,
    VerifiedKind,
    load_settings,
)
from billhead_paypal import plugin
from billhead_paypal.amounts import from_paypal, to_paypal
from billhead_paypal.settings import PayPalSettings

FEE = Money(48, "EUR")


@pytest.fixture
def begun(gateway, account, attempt):
    """An order that waits for its payer: (the attempt as core then knows it, the order's id)."""
    start = gateway.start_checkout(account, attempt)
    return replace(attempt, provider_ref=start.provider_ref), start.provider_ref.removeprefix("order/")


def test_the_plugin_offers_it_and_loads_no_sdk_for_that():
    assert plugin.API == 1
    assert [gateway.code for gateway in plugin.payment_gateways()] == ["paypal"]
    look = "import sys, billhead_paypal.plugin as p; p.payment_gateways(); sys.exit('paypalserversdk' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", look], check=False).returncode == 0


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"client_id": "a b"}, "client_id"),
        ({"client_secret": "with a space"}, "client_secret"),
        ({"webhook_id": "https://shop.example/callbacks"}, "webhook_id"),
        ({"brand": "x" * 128}, "brand"),
        ({"url": "http://api-m.paypal.example"}, "url"),
        ({"url": "http://127.0.0.1.example"}, "url"),
    ],
)
def test_settings_that_can_not_be_right(wrong, field):
    right = {"client_id": "AfZ-1_x", "client_secret": "EL3", "webhook_id": "1JE42910"}
    assert load_settings(PayPalSettings, right).url == "https://api-m.paypal.com"
    with pytest.raises(Exception, match=field) as refused:
        load_settings(PayPalSettings, {**right, **wrong})
    assert refused.value.hint
    assert "with a space" not in str(refused.value)


# -- amounts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minor", "currency", "value"),
    [
        (1500, "EUR", "15.00"),
        (5, "USD", "0.05"),
        (500, "JPY", "500"),
        (150_000, "HUF", "1500"),  # two decimals by ISO, none at PayPal
        (30_000, "TWD", "300"),
        (99_999_999_999, "EUR", "999999999.99"),
    ],
)
def test_an_amount_is_sent_as_a_text_and_read_back(minor, currency, value):
    told = {"currency_code": currency, "value": value}
    assert to_paypal(Money(minor, currency)) == told
    assert from_paypal(told) == Money(minor, currency)


@pytest.mark.parametrize(
    ("minor", "currency", "code"),
    [
        (150_050, "HUF", "amount_too_fine"),
        (1, "TWD", "amount_too_fine"),
        (5000, "KWD", "currency_not_taken"),
        (500, "ISK", "currency_not_taken"),
        (0, "EUR", "amount_not_above_zero"),
        (-1, "EUR", "amount_not_above_zero"),
    ],
)
def test_what_paypal_can_not_represent_is_refused(gateway, account, attempt, paypal, minor, currency, code):
    with pytest.raises(GatewayRejected) as refused:
        gateway.start_checkout(account, replace(attempt, amount=Money(minor, currency)))
    assert refused.value.code == code
    assert paypal.requests == []


@pytest.mark.parametrize(
    ("value", "currency"),
    [(15.0, "EUR"), ("15,00", "EUR"), ("15.001", "EUR"), ("500.5", "JPY"), ("1e2", "EUR"), ("١", "EUR"), ("1", "KWD"),
     ("", "EUR"), (None, None), ("9" * 16, "EUR")],
)  # fmt: skip
def test_what_is_no_amount_is_none(value, currency):
    assert from_paypal({"value": value, "currency_code": currency}) is None
    assert from_paypal(value) is None


@pytest.mark.parametrize(("value", "minor"), [("15", 1500), ("15.5", 1550), ("15.000", 1500), ("-1.00", -100)])
def test_other_ways_to_write_an_amount_are_read(value, minor):
    assert from_paypal({"value": value, "currency_code": "EUR"}) == Money(minor, "EUR")


# -- the order and its capture -----------------------------------------------------------------------------------------


def test_the_order_is_for_this_attempt_and_made_once(gateway, account, attempt, paypal):
    branded = replace(account, settings=replace(account.settings, brand="North Cable"))
    start = gateway.start_checkout(branded, attempt)
    assert gateway.start_checkout(branded, attempt) == start
    (order,) = paypal.all("order")
    (unit,) = order["purchase_units"]
    assert start.provider_ref == f"order/{order['id']}"
    assert start.url.endswith(order["id"])
    assert unit["amount"] == {"currency_code": "EUR", "value": "11.90"}
    assert (unit["custom_id"], unit["invoice_id"]) == (attempt.key, attempt.key)


def test_the_money_is_taken_when_the_payer_has_approved_and_once(gateway, account, attempt, paypal, begun):
    waits, order = begun
    seen = gateway.lookup(account, waits)
    assert (seen.state, seen.action_url) == (AttemptState.REQUIRES_ACTION, gateway.start_checkout(account, attempt).url)
    paypal.approve(order)
    seen = gateway.lookup(account, waits)
    (capture,) = paypal.all("capture")
    assert (seen.state, seen.provider_ref, seen.amount) == (AttemptState.SUCCEEDED, capture["id"], attempt.amount)
    assert (seen.fee, seen.method) == (FEE, None)
    assert gateway.lookup(account, waits) == seen
    assert gateway.lookup(account, replace(attempt, provider_ref=capture["id"])) == seen
    assert paypal.charges(attempt.key) == 1


def test_a_payer_who_never_comes_back_has_paid(attempt, paypal, told, begun):
    paypal.approve(begun[1])
    (fact,) = told("CHECKOUT.ORDER.APPROVED", "order", begun[1])
    assert (fact.kind, fact.reference, fact.outcome.state) == (VerifiedKind.ATTEMPT, attempt.key, "succeeded")
    assert (fact.outcome.amount, fact.outcome.fee) == (attempt.amount, FEE)


@pytest.mark.parametrize("kind", ["lost", "html", "empty", "cut"])
def test_a_capture_without_an_answer_is_found(gateway, account, paypal, begun, kind):
    waits, order = begun
    paypal.approve(order)
    paypal.fault("POST /v2/checkout/orders/", kind)
    assert gateway.lookup(account, waits).state is AttemptState.SUCCEEDED
    assert len(paypal.all("capture")) == 1


def test_a_capture_that_did_not_arrive_is_in_doubt_until_it_is_repeated(gateway, account, paypal, begun):
    waits, order = begun
    paypal.approve(order)
    paypal.fault("POST /v2/checkout/orders/", "refused")
    assert gateway.lookup(account, waits) == Outcome(AttemptState.UNKNOWN, waits.provider_ref)
    assert gateway.lookup(account, waits).state is AttemptState.SUCCEEDED


@pytest.mark.parametrize("issue", ["ORDER_ALREADY_CAPTURED", "PREVIOUS_REQUEST_IN_PROGRESS"])
def test_somebody_else_captures_at_this_moment(gateway, account, paypal, begun, issue):
    waits, order = begun
    paypal.approve(order)
    paypal.fault("POST /v2/checkout/orders/", "status", status=422, issue=issue)
    assert gateway.lookup(account, waits).state is AttemptState.UNKNOWN, "no decline"


@pytest.mark.parametrize(
    ("reason", "status", "state"),
    [("ECHECK", "COMPLETED", "succeeded"), ("PENDING_REVIEW", "DECLINED", "failed"), ("ECHECK", "FAILED", "failed")],
)
def test_a_pending_capture_is_decided_later(gateway, account, attempt, paypal, told, begun, reason, status, state):
    waits, order = begun
    paypal.approve(order, Wallet(behaviour="PENDING", reason=reason))
    seen = gateway.lookup(account, waits)
    assert (seen.state, seen.code, seen.fee) == (AttemptState.PROCESSING, reason, None)
    paypal.settle(seen.provider_ref, status)
    (fact,) = told("PAYMENT.CAPTURE.COMPLETED", "capture", seen.provider_ref)
    assert (fact.reference, fact.outcome.state, fact.outcome.provider_ref) == (attempt.key, state, seen.provider_ref)
    assert fact.outcome.decline is (DeclineClass.SOFT if state == "failed" else None)
    assert gateway.lookup(account, replace(attempt, provider_ref=seen.provider_ref)) == fact.outcome


def test_a_payer_whose_card_is_declined_is_led_to_choose_another(gateway, account, paypal, begun):
    waits, order = begun
    paypal.approve(order, Wallet(behaviour="INSTRUMENT_DECLINED"))
    seen = gateway.lookup(account, waits)
    assert (seen.state, seen.code) == (AttemptState.REQUIRES_ACTION, "INSTRUMENT_DECLINED")
    assert seen.action_url.endswith(order)
    paypal.approve(order)
    assert gateway.lookup(account, waits).state is AttemptState.SUCCEEDED


@pytest.mark.parametrize(
    ("issue", "decline"),
    [("TRANSACTION_REFUSED", DeclineClass.SOFT), ("PAYER_ACCOUNT_RESTRICTED", DeclineClass.HARD)],
)
def test_a_payer_who_can_not_pay(gateway, account, paypal, begun, issue, decline):
    paypal.approve(begun[1], Wallet(behaviour=issue))
    seen = gateway.lookup(account, begun[0])
    assert (seen.state, seen.decline, seen.code) == (AttemptState.FAILED, decline, issue)


@pytest.mark.parametrize(
    ("status", "state"),
    [("VOIDED", "canceled"), ("SAVED", "requires_action"), ("A_WORD_OF_NEXT_YEAR", "unknown")],
)
def test_what_became_of_an_order(gateway, account, paypal, begun, status, state):
    paypal.rows["order"][begun[1]]["status"] = status
    assert gateway.lookup(account, begun[0]).state == state


def test_an_order_that_nobody_approved_is_forgotten_there(gateway, account, paypal, begun):
    paypal.rows["order"].clear()
    assert gateway.lookup(account, begun[0]).state is AttemptState.EXPIRED


def test_an_order_that_is_of_another_attempt_is_not_captured(gateway, account, paypal, begun):
    waits, order = begun
    paypal.approve(order)
    assert gateway.lookup(account, replace(waits, key="other")).state is AttemptState.UNKNOWN
    assert paypal.all("capture") == []


def test_an_account_is_saved_when_that_was_asked_and_of_its_owner_little_is_kept(gateway, account, attempt, paypal):
    start = gateway.start_checkout(account, replace(attempt, save_method=True))
    paypal.approve(start.provider_ref.removeprefix("order/"))
    method = gateway.lookup(account, replace(attempt, provider_ref=start.provider_ref)).method
    assert (method.label, method.expires, method.fingerprint) == ("PayPal a•••@example.org", "", "QYR5Z8XDVJNXQ")
    assert method.token in paypal.wallets
    assert "QYR5Z8XDVJNXQ" not in repr(method)
    assert method.token not in repr(method)


def test_an_account_that_is_saved_after_the_payment_is_told_with_it(gateway, account, attempt, paypal, told):
    start = gateway.start_checkout(account, replace(attempt, save_method=True))
    order = paypal.approve(start.provider_ref.removeprefix("order/"), Wallet(vaulted=False))
    assert gateway.lookup(account, replace(attempt, provider_ref=start.provider_ref)).method is None
    wallet = paypal.rows["order"][order]["payment_source"]["paypal"]
    wallet["attributes"] = {"vault": {"id": "8kk1", "status": "VAULTED"}}
    about = {"id": "8kk1", "metadata": {"order_id": order}}
    (fact,) = told("VAULT.PAYMENT-TOKEN.CREATED", "token", "8kk1", resource=about)
    assert (fact.outcome.state, fact.outcome.method.token) == ("succeeded", "8kk1")


# -- what goes wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["lost", "html", "empty", "cut"])
def test_an_order_whose_answer_is_lost_is_found_and_can_still_be_paid(gateway, account, attempt, paypal, kind):
    paypal.fault("POST /v2/checkout/orders", kind)
    with pytest.raises(OutcomeUnknown):
        gateway.start_checkout(account, attempt)
    seen = gateway.lookup(account, attempt)
    (order,) = paypal.all("order")
    assert (seen.state, seen.provider_ref) == (AttemptState.REQUIRES_ACTION, f"order/{order['id']}")
    assert seen.action_url


@pytest.mark.parametrize(
    ("status", "issue", "error", "code"),
    [
        (429, "INTERNAL_SERVER_ERROR", GatewayUnreachable, "gateway_unreachable"),
        (500, "INTERNAL_SERVER_ERROR", OutcomeUnknown, "outcome_unknown"),
        (409, "INTERNAL_SERVER_ERROR", OutcomeUnknown, "outcome_unknown"),
        (403, "PERMISSION_DENIED", GatewayRejected, "paypal_not_authorised"),
        (422, "PAYEE_ACCOUNT_RESTRICTED", GatewayRejected, "paypal_not_authorised"),
        (400, "INVALID_PARAMETER_VALUE", GatewayRejected, "invalid_parameter_value"),
        (422, "<b>not a word</b>", GatewayRejected, "unprocessable_entity"),
    ],
)  # fmt: skip
def test_what_an_error_means(gateway, account, attempt, paypal, status, issue, error, code):
    paypal.fault("POST /v2/checkout/orders", "status", status=status, issue=issue)
    with pytest.raises(error) as raised:
        gateway.start_checkout(account, attempt)
    assert raised.value.code == code
    ours = getattr(raised.value, "decline", None) is DeclineClass.CONFIG
    assert ours == code.endswith("_not_authorised"), "such an account pauses, and no other"
    assert "<b>" not in str(raised.value)


def test_wrong_credentials_are_told_without_telling_them(gateway, account, attempt):
    wrong = replace(account, settings=replace(account.settings, client_secret="a-wrong-secret"))
    with pytest.raises(GatewayRejected, match="does not accept the client ID") as refused:
        gateway.start_checkout(wrong, attempt)
    assert "a-wrong-secret" not in str(refused.value)


@pytest.mark.parametrize("kind", ["html", "empty", "cut", "lost"])
def test_without_a_token_nothing_was_sent(gateway, account, attempt, paypal, kind):
    paypal.fault("POST /v1/oauth2/token", kind)
    with pytest.raises(GatewayUnreachable):
        gateway.start_checkout(account, attempt)
    assert paypal.all("order") == []


def test_one_token_serves_until_paypal_takes_it_back(gateway, account, attempt, paypal):
    for _ in range(3):
        gateway.start_checkout(account, attempt)
    assert paypal.requests.count("POST /v1/oauth2/token") == 1
    paypal.tokens.clear()
    gateway.start_checkout(account, attempt)
    assert paypal.requests.count("POST /v1/oauth2/token") == 2


# -- callbacks ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("paypal-cert-url", "https://api.paypal.com.thief.example/cert"),
        ("paypal-cert-url", "https://thief.example/api.paypal.com/cert"),
        ("paypal-cert-url", "https://api.paypal.com@thief.example/cert"),
        ("paypal-cert-url", "http://api.paypal.com/cert"),
        ("paypal-cert-url", "https://notpaypal.com/cert"),
        ("paypal-cert-url", "https://[x"),
        ("paypal-auth-algo", "none"),
        ("paypal-transmission-time", "yesterday"),
        ("paypal-transmission-time", "2020-01-01T00:00:00"),
        ("paypal-transmission-id", ""),
        ("paypal-transmission-sig", "x" * 501),
    ],
)
def test_what_can_not_be_paypals_is_refused_without_asking(gateway, account, paypal, header, value):
    raw = paypal.callback("CHECKOUT.ORDER.APPROVED", "order", "5O1")
    with pytest.raises(CallbackForged):
        gateway.parse_callback(account, replace(raw, headers={**raw.headers, header: value}))
    assert paypal.requests == []


@pytest.mark.parametrize(
    ("age", "fresh"), [(0, True), (3 * 86400, True), (4 * 86400 + 60, False), (-240, True), (-400, False)]
)
def test_a_message_is_not_believed_for_ever(told, age, fresh):
    if fresh:
        assert told("BILLING.PLAN.CREATED", "plan", "P-1", age=age) == []
    else:
        with pytest.raises(CallbackForged, match="4 days"):
            told("BILLING.PLAN.CREATED", "plan", "P-1", age=age)


def test_a_message_of_another_webhook_is_refused(gateway, account, paypal):
    other = replace(account, settings=replace(account.settings, webhook_id="OTHER"))
    raw = paypal.callback("BILLING.PLAN.CREATED", "plan", "P-1")
    assert gateway.parse_callback(account, raw) == []
    with pytest.raises(CallbackForged, match="has not sent this"):
        gateway.parse_callback(other, raw)


def test_the_raw_body_is_asked_about_and_can_not_add_to_the_question(gateway, account, paypal):
    raw = paypal.callback("BILLING.PLAN.CREATED", "plan", "P-1")
    odd = b'{"id": "WH-1", "event_type": "BILLING.PLAN", "resource": {"price": 1.50, "name": "\\u00e9\\/"}}'
    assert gateway.parse_callback(account, replace(raw, body=odd, headers=paypal.headers(odd))) == []
    smuggled = odd + b', "webhook_id": "OF-THE-THIEF"'
    with pytest.raises(CallbackForged, match="no event"):
        gateway.parse_callback(account, replace(raw, body=smuggled, headers=paypal.headers(smuggled)))


def test_when_paypal_can_not_be_asked_it_is_no_forgery(gateway, account, paypal):
    raw = paypal.callback("CHECKOUT.ORDER.APPROVED", "order", "5O1")
    paypal.fault("POST /v1/notifications", "empty")
    with pytest.raises(GatewayUnreachable):
        gateway.parse_callback(account, raw)


def test_the_event_is_a_hint_and_the_object_is_asked(attempt, paypal, told, begun):
    (fact,) = told("CHECKOUT.ORDER.COMPLETED", "order", begun[1])
    assert fact.outcome.state is AttemptState.REQUIRES_ACTION, "whatever the event is called"
    paypal.approve(begun[1])
    paypal.rows["order"][begun[1]]["purchase_units"][0]["amount"]["value"] = "0.01"
    assert told("CHECKOUT.ORDER.APPROVED", "order", begun[1])[0].outcome.amount == Money(1, "EUR"), (
        "for core to compare"
    )


def test_what_is_not_billheads_is_left_alone(paypal, told):
    foreign = paypal.create_order(
        {"intent": "CAPTURE", "purchase_units": [{"custom_id": "", "reference_id": "x"}]}, "k"
    )
    paypal.approve(foreign["id"])
    assert told("CHECKOUT.ORDER.APPROVED", "order", foreign["id"]) == []
    assert paypal.all("capture") == []


def test_an_attempt_that_paypal_never_heard_of_can_not_arrive_later(gateway, account, attempt, paypal):
    paypal.fault("POST /v2/checkout/orders", "refused")
    with pytest.raises(OutcomeUnknown):
        gateway.start_checkout(account, attempt)
    seen = gateway.lookup(account, attempt)
    assert (seen.state, seen.code) == (AttemptState.FAILED, "never_arrived")
    assert gateway.lookup(account, attempt) == seen
    gone = replace(attempt, age=timedelta(hours=6))
    assert gateway.lookup(account, gone).state is AttemptState.UNKNOWN, "the key proves nothing any more"
