"""With the payer present: the page, what became of it, and what callbacks about it prove."""

import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest
from fake_stripe import Card, signature

from billhead.plugin import (
    AttemptState,
    CallbackForged,
    DeclineClass,
    GatewayRejected,
    GatewayUnreachable,
    Money,
    OutcomeUnknown,
    RawCallback,
    VerifiedKind,
    load_settings,
)
from billhead.testing import clock
from billhead_stripe import plugin
from billhead_stripe.amounts import from_stripe, to_stripe
from billhead_stripe.gateway import Stripe
from billhead_stripe.settings import StripeSettings

FEE = Money(30, "EUR")


def test_the_plugin_offers_it_and_loads_no_sdk_for_that():
    assert plugin.API == 1
    assert [gateway.code for gateway in plugin.payment_gateways()] == ["stripe"]
    look = "import sys, billhead_stripe.plugin as p; p.payment_gateways(); sys.exit('stripe' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", look], check=False).returncode == 0


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"api_key": "pk_test_1"}, "api_key"),
        ({"api_key": "sk_test_"}, "api_key"),
        ({"webhook_secret": "guessed"}, "webhook_secret"),
        ({"former_webhook_secret": "guessed"}, "former_webhook_secret"),
        ({"url": "http://api.stripe.example"}, "url"),
        ({"url": "http://127.0.0.1.example"}, "url"),
    ],
)
def test_settings_that_can_not_be_right(wrong, field):
    right = {"api_key": "sk_live_1", "webhook_secret": "whsec_1"}
    assert load_settings(StripeSettings, right).live
    assert not load_settings(StripeSettings, {**right, "api_key": "rk_test_1"}).live
    with pytest.raises(Exception, match=field) as refused:
        load_settings(StripeSettings, {**right, **wrong})
    assert refused.value.hint
    assert not any(value in str(refused.value) for value in wrong.values() if field != "url")


# -- amounts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minor", "currency", "units"),
    [
        (1500, "EUR", 1500),
        (500, "JPY", 500),
        (5000, "KWD", 5000),
        (5, "ISK", 500),  # none by ISO, two at Stripe
        (500, "MGA", 5),  # two by ISO, none at Stripe
        (99_999_999, "EUR", 99_999_999),
        (1, "USD", 1),
    ],
)
def test_an_amount_is_sent_in_stripes_units_and_read_back(minor, currency, units):
    assert to_stripe(Money(minor, currency)) == (units, currency.lower())
    assert from_stripe(units, currency.lower()) == Money(minor, currency)


@pytest.mark.parametrize(
    ("minor", "currency", "code"),
    [
        (5124, "KWD", "amount_too_fine"),
        (550, "MGA", "amount_too_fine"),
        (500, "UGX", "currency_not_taken"),
        (5000, "IQD", "currency_not_taken"),
        (0, "EUR", "amount_not_above_zero"),
        (-1, "EUR", "amount_not_above_zero"),
        (100_000_000, "EUR", "amount_too_large"),
        (1_000_000, "ISK", "amount_too_large"),
    ],
)
def test_what_stripe_can_not_represent_is_refused(gateway, account, attempt, stripe, minor, currency, code):
    with pytest.raises(GatewayRejected) as refused:
        gateway.start_checkout(account, replace(attempt, amount=Money(minor, currency)))
    assert refused.value.code == code
    assert stripe.requests == []


@pytest.mark.parametrize("told", [(50, "isk"), (1, "xts"), (None, "eur"), (True, "eur"), (1.5, "eur"), (1, None)])
def test_what_is_no_amount_is_none(told):
    assert from_stripe(*told) is None


# -- the page ----------------------------------------------------------------------------------------------------------


def test_the_page_is_for_this_attempt_and_begun_once(gateway, account, attempt, stripe):
    start = gateway.start_checkout(account, attempt)
    assert gateway.start_checkout(account, attempt) == start
    (page,) = stripe.all("checkout.session")
    assert (page["id"], page["url"]) == (start.provider_ref, start.url)
    assert (page["amount_total"], page["currency"], page["client_reference_id"]) == (1190, "eur", attempt.key)
    assert (page["success_url"], page["cancel_url"]) == (attempt.return_url, attempt.cancel_url)
    assert len(stripe.all("customer")) == 1


def test_a_payer_has_one_customer_there_whatever_they_pay(gateway, account, attempt, stripe):
    for key in ("one", "two"):
        gateway.start_checkout(account, replace(attempt, key=f"{attempt.key}-{key}"))
    other = replace(attempt, key=f"{attempt.key}-three", customer_ref="customer-of-another")
    gateway.start_checkout(account, other)  # the same address, somebody else's account
    refs = [customer["metadata"]["billhead_reference"] for customer in stripe.all("customer")]
    assert refs == [attempt.customer_ref, "customer-of-another"]


def test_what_became_of_the_page(gateway, account, attempt, stripe):
    start = gateway.start_checkout(account, attempt)
    waits = replace(attempt, provider_ref=start.provider_ref)
    seen = gateway.lookup(account, waits)
    assert (seen.state, seen.action_url) == (AttemptState.REQUIRES_ACTION, start.url)
    stripe.fail_on_page(start.provider_ref)
    assert gateway.lookup(account, waits).state is AttemptState.REQUIRES_ACTION, "another card may be tried"
    intent = stripe.pay(start.provider_ref)
    seen = gateway.lookup(account, waits)
    assert (seen.state, seen.provider_ref, seen.amount) == (AttemptState.SUCCEEDED, intent, attempt.amount)
    assert (seen.fee, seen.method) == (FEE, None)
    assert gateway.lookup(account, replace(attempt, provider_ref=intent)) == seen


def test_a_page_that_nobody_used_expires(gateway, account, attempt, stripe):
    start = gateway.start_checkout(account, attempt)
    stripe.expire(start.provider_ref)
    assert gateway.lookup(account, replace(attempt, provider_ref=start.provider_ref)).state is AttemptState.EXPIRED


@pytest.mark.parametrize(("well", "state"), [(True, "succeeded"), (False, "failed")])
def test_a_direct_debit_takes_days(gateway, account, attempt, stripe, told, well, state):
    start = gateway.start_checkout(account, attempt)
    intent = stripe.pay(start.provider_ref, Card("3000", kind="sepa_debit"), delayed=True)
    (fact,) = told("checkout.session", start.provider_ref, "completed")
    assert (fact.reference, fact.outcome.state) == (attempt.key, "processing")
    stripe.settle(intent, well=well)
    for fact in (
        *told("checkout.session", start.provider_ref, "async_payment_succeeded" if well else "async_payment_failed"),
        *told("payment_intent", intent, "succeeded" if well else "payment_failed"),
    ):
        assert (fact.outcome.state, fact.outcome.provider_ref) == (state, intent)
        assert fact.outcome.decline is (None if well else DeclineClass.SOFT)


def test_a_method_is_saved_when_that_was_asked_and_of_a_card_little_is_kept(gateway, account, attempt, stripe):
    start = gateway.start_checkout(account, replace(attempt, save_method=True))
    stripe.pay(start.provider_ref, Card("0341", fingerprint="the-same-card"))
    method = gateway.lookup(account, replace(attempt, provider_ref=start.provider_ref)).method
    (customer,) = stripe.all("customer")
    assert (method.label, method.expires, method.fingerprint) == ("Visa •••• 0341", "2030-08", "the-same-card")
    assert method.token.startswith(f"{customer['id']}/pm_")
    assert not {method.token, method.fingerprint} & set(repr(method).split("'"))


@pytest.mark.parametrize("kind", ["lost", "html", "empty", "cut"])
def test_a_page_whose_answer_is_lost_is_found_and_can_still_be_paid(gateway, account, attempt, stripe, kind):
    stripe.fault("POST /v1/checkout/sessions", kind)
    with pytest.raises(OutcomeUnknown):
        gateway.start_checkout(account, attempt)
    seen = gateway.lookup(account, attempt)
    (page,) = stripe.all("checkout.session")
    assert (seen.state, seen.provider_ref, seen.action_url) == ("requires_action", page["id"], page["url"])


@pytest.mark.parametrize(
    ("fault", "error", "code"),
    [
        ({"kind": "rate"}, GatewayUnreachable, "gateway_unreachable"),
        ({"kind": "status", "status": 500}, OutcomeUnknown, "outcome_unknown"),
        ({"kind": "status", "status": 409}, OutcomeUnknown, "outcome_unknown"),
        ({"kind": "status", "status": 403}, GatewayRejected, "stripe_not_authorised"),
        ({"kind": "status", "status": 400}, GatewayRejected, "invalid_request"),
    ],
)
def test_what_an_error_means(gateway, account, attempt, stripe, fault, error, code):
    stripe.fault("POST /v1/checkout/sessions", **fault)
    with pytest.raises(error) as raised:
        gateway.start_checkout(account, attempt)
    assert raised.value.code == code
    ours = getattr(raised.value, "decline", None) is DeclineClass.CONFIG
    assert ours == code.endswith("_not_authorised"), "such an account pauses, and no other"
    assert raised.value.__cause__ is None


def test_a_wrong_key_is_told_without_telling_it(account, attempt):
    wrong = replace(account, settings=replace(account.settings, api_key="sk_test_wrong"))
    with pytest.raises(GatewayRejected, match="does not accept the secret key") as refused:
        Stripe().start_checkout(wrong, attempt)
    assert "sk_test_wrong" not in str(refused.value)


# -- callbacks ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("age", "fresh"), [(0, True), (298, True), (302, False), (-298, True), (-302, False)])
def test_a_signature_is_fresh_for_300_seconds_in_both_directions(gateway, account, stripe, age, fresh):
    body, now = stripe.event("product", "prod_1"), clock.now()
    signed = {"stripe-signature": signature(body, "whsec_of_the_tests", int(now.timestamp()) - age)}
    raw = RawCallback("/callbacks/token", "", signed, body, now)
    if fresh:
        assert gateway.parse_callback(account, raw) == []
    else:
        with pytest.raises(CallbackForged, match="0:05:00 are allowed"):
            gateway.parse_callback(account, raw)


def test_a_callback_is_judged_by_when_it_came_not_by_when_it_is_read(gateway, account, stripe):
    body = stripe.event("product", "prod_1")
    raw = RawCallback("/callbacks/token", "", stripe.headers(body), body, clock.now())
    assert gateway.parse_callback(account, raw) == []
    with pytest.raises(CallbackForged):
        gateway.parse_callback(account, replace(raw, received_at=raw.received_at + timedelta(hours=1)))


def test_while_the_secret_is_rolled_both_are_valid_and_several_signatures_are_read(gateway, account, stripe):
    rolled = replace(account.settings, webhook_secret="whsec_new", former_webhook_secret="whsec_of_the_tests")
    body = stripe.event("product", "prod_1")
    old, new = (stripe.headers(body, secret=one)["stripe-signature"] for one in ("whsec_of_the_tests", "whsec_new"))
    both = old + "," + new.partition(",")[2]
    for header in (old, new, both):
        raw = RawCallback("/callbacks/token", "", {"stripe-signature": header}, body, clock.now())
        assert gateway.parse_callback(replace(account, settings=rolled), raw) == []
    foreign = stripe.headers(body, secret="whsec_of_somebody_else")
    with pytest.raises(CallbackForged, match="does not fit"):
        gateway.parse_callback(account, RawCallback("/callbacks/token", "", foreign, body, clock.now()))


@pytest.mark.parametrize("header", ["", "t=1", "v1=ab", "t=99999999999,v1=0", "t=-1,v1=0", "t=١,v1=0", "t=1,v0=ab"])
def test_a_header_of_another_form_is_refused(gateway, account, header):
    with pytest.raises(CallbackForged, match="Stripe-Signature"):
        gateway.parse_callback(account, RawCallback("/", "", {"stripe-signature": header}, b"{}", clock.now()))


def test_an_event_of_the_other_mode_proves_nothing(told):
    with pytest.raises(CallbackForged, match="other mode"):
        told("payment_intent", "pi_1", live=True)


def test_the_event_is_a_hint_and_the_object_is_asked(gateway, account, attempt, stripe, told):
    start = gateway.start_checkout(account, attempt)
    intent = stripe.pay(start.provider_ref)
    (fact,) = told("payment_intent", intent, "payment_failed")  # whatever it is called, and however old it is
    assert (fact.kind, fact.reference, fact.outcome.state) == (VerifiedKind.ATTEMPT, attempt.key, "succeeded")
    assert (fact.outcome.amount, fact.outcome.fee) == (attempt.amount, FEE)
    stripe.rows["payment_intent"][intent]["amount_received"] = 1
    assert told("payment_intent", intent)[0].outcome.amount == Money(1, "EUR"), "for core to compare"


def test_what_is_not_billheads_is_left_alone(stripe, told):
    intent = stripe.answer("POST", "/v1/payment_intents", {"amount": "100", "currency": "eur"})["id"]
    assert told("payment_intent", intent) == []
    assert told("customer", "cus_1", "created") == []
    (gone,) = told("customer", "cus_1", "deleted")  # core passes over whose methods it has not
    assert (gone.kind, gone.reference, gone.outcome.state) == (
        VerifiedKind.METHOD_CHANGED, "cus_1", AttemptState.CANCELED,
    )  # fmt: skip


def test_an_event_about_what_is_not_there_is_read_again_later_or_refused(told):
    with pytest.raises(GatewayRejected, match="resource_missing"):
        told("payment_intent", "pi_gone")
