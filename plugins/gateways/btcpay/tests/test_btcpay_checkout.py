"""With the payer present: the invoice, what came of it, in part, over and late, and what messages about it prove."""

import hashlib
import hmac
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from fake_btcpay import KEY, PERMISSIONS, SECRET, STORE

from billhead.plugin import (
    AttemptState,
    CallbackForged,
    DeclineClass,
    GatewayRejected,
    GatewayUnreachable,
    InvalidInput,
    Money,
    Outcome,
    OutcomeUnknown,
    VerifiedKind,
    load_settings,
)
from billhead_btcpay import plugin
from billhead_btcpay.amounts import to_money, to_text
from billhead_btcpay.events import prove
from billhead_btcpay.settings import BTCPaySettings

RIGHT = {"url": "https://btcpay.example", "store_id": STORE, "api_key": KEY, "webhook_secret": SECRET}


@pytest.fixture
def invoice(gateway, account, attempt):
    return gateway.start_checkout(account, attempt).provider_ref


@pytest.fixture
def look(gateway, account, attempt, invoice):
    def look():
        return gateway.lookup(account, replace(attempt, provider_ref=invoice))

    return look


def test_the_plugin_offers_it():
    assert plugin.API == 1
    assert [gateway.code for gateway in plugin.payment_gateways()] == ["btcpay"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"url": "http://btcpay.example"}, "url"),
        ({"url": "http://127.0.0.1.example"}, "url"),
        ({"store_id": "../stores"}, "store_id"),
        ({"api_key": "with a space in it"}, "api_key"),
        ({"webhook_secret": ""}, "webhook_secret"),
        ({"webhook_secret": " " * 20}, "webhook_secret"),
        ({"webhook_secret": "short"}, "webhook_secret"),
        ({"speed_policy": "Yesterday"}, "speed_policy"),
        ({"payment_methods": "BTC-CHAIN coins!"}, "payment_methods"),
        ({"expiry_minutes": 0}, "expiry_minutes"),
    ],
)
def test_settings_that_can_not_be_right(wrong, field):
    assert load_settings(BTCPaySettings, {**RIGHT, "payment_methods": "BTC-CHAIN, BTC-LN"}).methods == [
        "BTC-CHAIN",
        "BTC-LN",
    ]
    with pytest.raises(InvalidInput) as refused:
        load_settings(BTCPaySettings, {**RIGHT, **wrong})
    assert refused.value.field == field
    assert "with a space" not in str(refused.value)


# -- amounts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (1500, "EUR", "15.00"),
        (5, "USD", "0.05"),
        (500, "JPY", "500"),
        (5000, "KWD", "5.000"),
        (99_999_999_999_999, "EUR", "999999999999.99"),
    ],
)
def test_an_amount_is_sent_as_a_text_and_read_back(gateway, account, attempt, btcpay, minor, currency, text):
    assert to_text(Money(minor, currency)) == text
    assert to_money(Decimal(text), currency) == Money(minor, currency)
    invoice = gateway.start_checkout(account, replace(attempt, amount=Money(minor, currency))).provider_ref
    assert btcpay.invoices[invoice]["amount"] == text


@pytest.mark.parametrize(
    ("minor", "currency", "code"),
    [(0, "EUR", "amount_not_above_zero"), (-1, "EUR", "amount_not_above_zero"), (1, "XCR", "currency_not_taken")],
)
def test_what_can_not_be_asked_for_is_refused(gateway, account, attempt, btcpay, minor, currency, code):
    with pytest.raises(GatewayRejected) as refused:
        gateway.start_checkout(account, replace(attempt, amount=Money(minor, currency)))
    assert refused.value.code == code
    assert btcpay.requests == []


def test_nobody_is_sent_to_an_invoice_over_another_amount(gateway, account, attempt, btcpay, invoice):
    btcpay.invoices[invoice]["amount"] = "12"
    with pytest.raises(GatewayRejected, match="can't represent"):
        gateway.start_checkout(account, attempt)


@pytest.mark.parametrize(
    ("value", "currency", "minor"),
    [
        ("12.345", "EUR", 1234),
        ("12.355", "EUR", 1236),
        ("0.000000001", "EUR", 0),
        ("12.5", "JPY", 12),
        ("1.0005", "KWD", 1000),
    ],
)
def test_what_coins_were_worth_is_rounded_once_and_half_to_even(value, currency, minor):
    assert to_money(Decimal(value), currency) == Money(minor, currency)


# -- the invoice -------------------------------------------------------------------------------------------------------


def test_the_invoice_is_for_this_attempt_and_made_once(gateway, account, attempt, btcpay):
    fast = replace(account, settings=replace(account.settings, speed_policy="HighSpeed", payment_methods="BTC-LN"))
    start = gateway.start_checkout(fast, attempt)
    assert gateway.start_checkout(fast, attempt) == start
    (made,) = btcpay.invoices.values()
    assert (start.provider_ref, start.url) == (made["id"], made["checkoutLink"])
    assert (made["amount"], made["currency"]) == ("11.90", "EUR")
    assert made["metadata"] == {"orderId": attempt.key, "billhead_reference": attempt.key, "itemDesc": "TV, one month"}
    assert (made["checkout"]["speedPolicy"], made["checkout"]["paymentMethods"]) == ("HighSpeed", ["BTC-LN"])
    assert (made["checkout"]["expirationMinutes"], made["checkout"]["paymentTolerance"]) == (60, 0)
    assert made["checkout"]["redirectURL"] == attempt.return_url


def test_an_invoice_that_others_made_under_our_order_id_is_not_ours(gateway, account, attempt, btcpay, invoice):
    btcpay.invoices[invoice]["metadata"].pop("billhead_reference")
    assert gateway.start_checkout(account, attempt).provider_ref != invoice
    assert gateway.parse_callback(account, btcpay.callback(invoice)) == []


@pytest.mark.parametrize("kind", ["lost", "html", "empty", "cut"])
def test_an_invoice_whose_answer_is_lost_is_found_and_never_made_twice(gateway, account, attempt, btcpay, kind):
    btcpay.fault("POST /api/v1/stores", kind)
    with pytest.raises(OutcomeUnknown):
        gateway.start_checkout(account, attempt)
    seen = gateway.lookup(account, attempt)
    (made,) = btcpay.invoices.values()
    assert (seen.state, seen.provider_ref) == (AttemptState.REQUIRES_ACTION, made["id"])
    assert seen.action_url == made["checkoutLink"]
    assert gateway.start_checkout(account, attempt).provider_ref == made["id"]
    assert len(btcpay.invoices) == 1


def test_an_invoice_that_was_never_made_has_failed_when_it_can_not_come_any_more(gateway, account, attempt, btcpay):
    btcpay.fault("POST /api/v1/stores", "refused")
    with pytest.raises(OutcomeUnknown):
        gateway.start_checkout(account, attempt)
    assert gateway.lookup(account, attempt) == Outcome(AttemptState.UNKNOWN)
    seen = gateway.lookup(account, replace(attempt, age=timedelta(minutes=5)))
    assert (seen.state, seen.decline, seen.code) == ("failed", DeclineClass.RATE_LIMITED, "never_arrived")


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        (429, GatewayUnreachable, "gateway_unreachable"),
        (500, OutcomeUnknown, "outcome_unknown"),
        (409, OutcomeUnknown, "outcome_unknown"),
        (403, GatewayRejected, "btcpay_not_authorised"),
        (422, GatewayRejected, "generic-error"),
        (404, GatewayRejected, "btcpay_not_found"),
    ],
)
def test_what_an_error_means(gateway, account, attempt, btcpay, status, error, code):
    btcpay.fault("POST /api/v1/stores", "status", status=status, issue="generic-error")
    with pytest.raises(error) as raised:
        gateway.start_checkout(account, attempt)
    assert raised.value.code == code
    ours = getattr(raised.value, "decline", None) is DeclineClass.CONFIG
    assert ours == code.endswith("_not_authorised"), "such an account pauses, and no other"


def test_the_servers_words_are_told_without_markup(gateway, account, attempt):
    with pytest.raises(GatewayRejected, match="currency: The currency is") as refused:
        gateway.start_checkout(account, replace(attempt, amount=Money(500, "XAF")))
    assert "<b>" not in str(refused.value)


def test_a_wrong_key_is_told_without_telling_it(gateway, account, attempt):
    wrong = replace(account, settings=replace(account.settings, api_key="another-key-of-nobody"))
    with pytest.raises(GatewayRejected, match="does not accept the API key") as refused:
        gateway.start_checkout(wrong, attempt)
    assert "another-key" not in str(refused.value)


@pytest.mark.parametrize("kind", ["html", "empty", "cut", "lost", "refused"])
def test_a_question_that_is_not_answered_can_be_asked_again(gateway, account, attempt, btcpay, invoice, kind):
    btcpay.fault("GET /api/v1/stores", kind)
    known = replace(attempt, provider_ref=invoice)
    with pytest.raises(GatewayUnreachable):
        gateway.lookup(account, known)
    assert gateway.lookup(account, known).state == "requires_action"


# -- what came of it ---------------------------------------------------------------------------------------------------


def test_coins_count_when_they_are_confirmed(btcpay, attempt, invoice, look):
    assert look().state == "requires_action"
    btcpay.pay(invoice, "11.90", status="Processing")
    assert (look().state, look().amount) == ("processing", None)
    btcpay.confirm(invoice)
    seen = look()
    assert (seen.state, seen.provider_ref, seen.amount, seen.as_paid) == ("succeeded", invoice, attempt.amount, True)
    assert seen.watched_until is None


def test_a_transaction_that_was_replaced_is_waited_for_again(btcpay, invoice, look):
    btcpay.pay(invoice, "11.90", status="Processing")
    btcpay.confirm(invoice, "Invalid")
    assert look().state == "requires_action"
    btcpay.pay(invoice, "11.90")
    assert look().amount == Money(1190, "EUR")


def test_what_came_short_counts_when_the_time_to_pay_is_over(btcpay, invoice, look):
    btcpay.pay(invoice, "5.00")
    seen = look()
    assert (seen.state, seen.code, seen.amount) == ("requires_action", "", None)
    assert seen.action_url, "the rest can be paid on the same page"
    btcpay.expire(invoice)
    seen = look()
    assert (seen.state, seen.amount) == ("succeeded", Money(500, "EUR"))
    assert seen.watched_until.timestamp() == btcpay.invoices[invoice]["monitoringExpiration"]


def test_the_rest_that_comes_late_counts_as_well(btcpay, invoice, look):
    btcpay.pay(invoice, "5.00")
    btcpay.expire(invoice)
    btcpay.pay(invoice, "6.90", method="BTC-LN", status="Processing")
    assert look().state == "processing"
    btcpay.confirm(invoice)
    assert btcpay.invoices[invoice]["additionalStatus"] == "PaidLate"
    assert look().amount == Money(1190, "EUR")  # 5.00 + 6.90


def test_what_comes_after_the_time_to_pay_is_ours_all_the_same(btcpay, invoice, look):
    btcpay.expire(invoice)
    assert (look().state, look().amount) == ("expired", None)
    btcpay.pay(invoice, "11.90", status="Processing")
    assert look().state == "processing"
    btcpay.confirm(invoice, "Invalid")
    assert look().state == "expired", "it was replaced"
    btcpay.pay(invoice, "11.90")
    assert (look().state, look().amount) == ("succeeded", Money(1190, "EUR"))


def test_what_is_over_is_told_as_it_came(btcpay, invoice, look):
    btcpay.pay(invoice, "11.90", status="Processing")
    btcpay.pay(invoice, "3.00", method="BTC-LN", status="Processing")
    assert look().amount is None, "what is not confirmed is not counted"
    btcpay.confirm(invoice)
    assert btcpay.invoices[invoice]["additionalStatus"] == "PaidOver"
    assert look().amount == Money(1490, "EUR")


def test_a_part_that_was_taken_back_leaves_an_expired_invoice(btcpay, invoice, look):
    btcpay.pay(invoice, "5.00", status="Processing")
    btcpay.expire(invoice)
    assert look().state == "processing"
    btcpay.payments(invoice)[0]["status"] = "Invalid"
    btcpay.invoices[invoice] |= {"status": "Expired", "additionalStatus": "PaidPartial"}  # the server leaves it so
    seen = look()
    assert (seen.state, seen.amount) == ("expired", None)
    assert seen.watched_until is not None, "what comes later is found"


def test_what_is_paid_once_more_after_it_was_settled_is_counted(btcpay, invoice, look):
    btcpay.pay(invoice, "11.90")
    btcpay.pay(invoice, "11.90", status="Processing")
    assert look().amount == Money(1190, "EUR")
    btcpay.confirm(invoice)
    about = btcpay.invoices[invoice]
    assert (about["status"], about["additionalStatus"]) == ("Settled", "None"), "the server does not call it over"
    assert look().amount == Money(2380, "EUR")  # 11.90 + 11.90


def test_of_an_invoice_that_is_settled_only_what_is_confirmed_is_counted(btcpay, invoice, look):
    btcpay.pay(invoice, "11.90")
    btcpay.pay(invoice, "3.00", status="Processing")
    btcpay.invoices[invoice] |= {"status": "Settled", "additionalStatus": "PaidOver"}
    assert (look().state, look().amount) == ("succeeded", Money(1190, "EUR"))
    btcpay.confirm(invoice)
    assert look().amount == Money(1490, "EUR")


@pytest.mark.parametrize("parts", [["100000.01"], ["60000.00", "40000.01"]])
def test_a_satoshi_that_is_worth_more_than_a_cent_is_not_over(gateway, account, attempt, btcpay, parts):
    big = replace(attempt, amount=Money(10_000_001, "IDR"))  # 100,000.01
    invoice = gateway.start_checkout(account, big).provider_ref
    for way in btcpay.methods[invoice]:
        way["rate"] = "1600000000"  # a satoshi is 16 rupiah
    for part in parts:
        btcpay.pay(invoice, part)
    assert btcpay.invoices[invoice]["additionalStatus"] == "None"
    assert gateway.lookup(account, replace(big, provider_ref=invoice)).amount == big.amount


def test_what_the_server_adds_for_taking_coins_is_not_the_sellers(btcpay, invoice, look):
    payment = btcpay.pay(invoice, "12.40")
    payment["fee"] = "0.00001000"  # 0.50 EUR
    btcpay.invoices[invoice]["additionalStatus"] = "None"
    assert look().amount == Money(1190, "EUR")


@pytest.mark.parametrize(
    ("paid", "status", "state", "amount", "code"),
    [
        (None, "Settled", "succeeded", 1190, ""),  # somebody says so: it was paid in another way
        ("5.00", "Settled", "succeeded", 1190, ""),
        ("15.00", "Settled", "succeeded", 1500, ""),
        (None, "Invalid", "failed", None, "invalid"),
        ("5.00", "Invalid", "failed", None, "invalid_but_paid"),
    ],
)
def test_what_staff_mark_at_the_server(btcpay, invoice, look, paid, status, state, amount, code):
    if paid:
        btcpay.pay(invoice, paid)
    btcpay.mark(invoice, status)
    seen = look()
    assert (seen.state, seen.code) == (state, code)
    assert seen.amount == (Money(amount, "EUR") if amount else None)


@pytest.mark.parametrize(
    ("paid", "status", "state", "code"),
    [
        (None, "Settled", "failed", "invalid"),
        ("11.90", "Processing", "unknown", "invalid_but_paid"),  # it may confirm after all
        ("5.00", "Settled", "unknown", "invalid_but_paid"),
    ],
)
def test_what_was_not_confirmed_in_time_has_failed_unless_coins_came(btcpay, invoice, look, paid, status, state, code):
    if paid:
        btcpay.pay(invoice, paid, status=status)
    btcpay.invoices[invoice] |= {"status": "Invalid", "additionalStatus": "None"}
    seen = look()
    assert (seen.state, seen.code, seen.amount) == (state, code, None)


@pytest.mark.parametrize(
    ("about", "payment", "state", "amount"),
    [
        ({"status": "A word of next year"}, {}, "unknown", None),
        ({"status": "Settled"}, {"value": None}, "succeeded", None),  # core refuses to book no amount
        ({"status": "Settled"}, {"value": "-1"}, "succeeded", None),
        ({"status": "Settled"}, {"value": "1e9"}, "succeeded", None),
        ({"status": "Expired", "additionalStatus": "PaidPartial"}, {"value": None}, "unknown", None),
        ({"status": "Expired", "additionalStatus": "PaidLate"}, {"status": "Invalid"}, "expired", None),  # taken back
        ({"currency": "no currency"}, {}, "succeeded", None),
        ({"metadata": {"billhead_reference": "other"}}, {}, "unknown", None),
        ({"metadata": None}, {}, "unknown", None),
    ],
)
def test_figures_that_can_not_be_right_are_not_counted(btcpay, invoice, look, about, payment, state, amount):
    btcpay.pay(invoice, "11.90").update(payment)
    btcpay.invoices[invoice].update(about)
    assert (look().state, look().amount) == (state, amount)


def test_an_invoice_that_the_server_lost_is_in_doubt(btcpay, invoice, look):
    btcpay.invoices.clear()
    assert look() == Outcome(AttemptState.UNKNOWN)


# -- messages ----------------------------------------------------------------------------------------------------------


def test_a_message_is_a_hint_and_the_server_is_asked(gateway, account, attempt, btcpay, invoice):
    btcpay.pay(invoice, "11.90")
    raw = btcpay.callback(invoice, kind="InvoiceExpired", event_id="delivery-of-old", payment={"value": "9999"})
    (fact,) = gateway.parse_callback(account, raw)
    assert (fact.kind, fact.event_id, fact.reference) == (VerifiedKind.ATTEMPT, "delivery-of-old", attempt.key)
    assert (fact.outcome.state, fact.outcome.amount) == ("succeeded", attempt.amount)


def test_what_says_nothing_of_our_money_is_passed_over(gateway, account, btcpay, invoice):
    said = [
        btcpay.signed("PaymentRequestUpdated", "", {"storeId": STORE}),
        btcpay.callback(invoice, storeId="another"),
        btcpay.signed("InvoiceSettled", "", {"storeId": STORE, "invoiceId": "inv-of-nobody"}),
        btcpay.signed("InvoiceSettled", "", {"storeId": STORE}),
        btcpay.signed("PayoutUpdated", "", {"storeId": STORE, "pullPaymentId": "pp-of-nobody"}),
    ]
    assert [gateway.parse_callback(account, raw) for raw in said] == [[]] * len(said)


def test_what_is_not_signed_with_the_secret_is_forged(gateway, account, btcpay, invoice):
    about = {"storeId": STORE, "invoiceId": invoice}
    genuine, asked = btcpay.callback(invoice), len(btcpay.requests)
    unsigned = hmac.new(b"", genuine.body, hashlib.sha256).hexdigest()
    for raw in (
        btcpay.signed("InvoiceSettled", "", about, secret="another-secret-of-nobody"),
        replace(genuine, headers={"btcpay-sig": genuine.headers["btcpay-sig"].upper()}),
        replace(genuine, headers={"btcpay-sig": genuine.headers["btcpay-sig"].removeprefix("sha256=")}),
        replace(genuine, headers={"btcpay-sig": f"sha256={unsigned}"}),
        replace(genuine, headers={"btcpay-sig": "sha256=ä"}),
    ):
        with pytest.raises(CallbackForged):
            gateway.parse_callback(account, raw)
    with pytest.raises(CallbackForged, match="no webhook secret"):
        prove(replace(genuine, headers={"btcpay-sig": f"sha256={unsigned}"}), "")
    assert len(btcpay.requests) == asked, "the server is asked about genuine ones only"


def test_what_is_signed_and_no_event_is_refused(gateway, account):
    for body in (b"", b"[]", b"{}", b'{"type": 1, "deliveryId": "a"}', b"\xff"):
        proof = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        with pytest.raises(CallbackForged):
            gateway.parse_callback(account, _raw(body, proof))


def _raw(body, proof):
    from billhead.plugin import RawCallback
    from billhead.testing import clock

    return RawCallback("/callbacks/token", "", {"btcpay-sig": f"sha256={proof}"}, body, clock.now())


# -- the account check -------------------------------------------------------------------------------------------------


def test_an_account_that_is_ready_says_what_it_takes(gateway, account):
    assert gateway.capabilities().check
    assert gateway.check(account) == "The key has what it needs, and the store takes BTC-CHAIN, BTC-LN."


@pytest.mark.parametrize(
    "granted",
    [
        PERMISSIONS,
        ("unrestricted",),
        ("btcpay.store.canmodifystoresettings",),
        (f"btcpay.store.canmodifystoresettings:{STORE}",),
        ("btcpay.store.canmodifyinvoices", *PERMISSIONS[2:]),
    ],
)
def test_permissions_that_are_enough(gateway, account, btcpay, granted):
    btcpay.permissions = granted
    assert gateway.check(account)


def test_what_is_missing_is_told_in_words(gateway, account, btcpay):
    btcpay.permissions = ("btcpay.store.canviewinvoices", "btcpay.store.cancreateinvoice:another-store")
    with pytest.raises(GatewayRejected) as refused:
        gateway.check(account)
    said = str(refused.value)
    assert "btcpay.store.cancreateinvoice (to make invoices)" in said
    assert "btcpay.store.canmanagepullpayments (to make refunds" in said
    assert "canviewinvoices" not in said
    assert refused.value.hint


@pytest.mark.parametrize(
    ("settings", "enabled", "said"),
    [
        ({"store_id": "another-store-of-nobody"}, ("BTC-CHAIN",), "permissions for this store"),
        ({"payment_methods": "LTC-CHAIN"}, ("BTC-CHAIN",), "does not offer LTC-CHAIN, but BTC-CHAIN"),
        ({}, (), "connect a wallet"),
        ({"api_key": "another-key-of-nobody"}, (), "does not accept the API key"),
    ],
)
def test_what_else_may_be_wrong(gateway, account, btcpay, settings, enabled, said):
    btcpay.enabled = enabled
    with pytest.raises(GatewayRejected, match=said):
        gateway.check(replace(account, settings=replace(account.settings, **settings)))


def test_an_address_without_a_server_is_told(gateway, account, btcpay):
    btcpay.fault("GET /api/v1/api-keys", "status", status=404)
    with pytest.raises(GatewayRejected, match="no BTCPay Server at this address"):
        gateway.check(account)
    btcpay.permissions = PERMISSIONS
    with pytest.raises(GatewayRejected, match="no store with this ID"):
        gateway.check(replace(account, settings=replace(account.settings, store_id="another-store-of-nobody")))
