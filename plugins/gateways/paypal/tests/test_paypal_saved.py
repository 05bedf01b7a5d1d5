"""Without the payer: renewals by a saved account, and every way in which that ends."""

from dataclasses import replace
from datetime import timedelta

import pytest
from fake_paypal import Wallet

from billhead.plugin import (
    AttemptState,
    DeclineClass,
    GatewayRejected,
    GatewayUnreachable,
    Money,
    Outcome,
    OutcomeUnknown,
    SavedMethod,
)
from billhead_paypal.declines import decline_of, of_capture


@pytest.fixture
def saved(gateway, account, paypal):
    def save(behaviour="COMPLETED", reason=""):
        return SavedMethod(paypal.save(Wallet(behaviour=behaviour, reason=reason)), "PayPal a•••@example.org")

    return save


@pytest.mark.parametrize(
    ("behaviour", "state", "decline", "code"),
    [
        ("COMPLETED", "succeeded", None, ""),
        ("PENDING", "processing", None, ""),
        ("DECLINED", "failed", DeclineClass.SOFT, "DECLINED"),
        ("INSTRUMENT_DECLINED", "failed", DeclineClass.SOFT, "INSTRUMENT_DECLINED"),
        ("PAYER_CANNOT_PAY", "failed", DeclineClass.SOFT, "PAYER_CANNOT_PAY"),
        ("AGREEMENT_ALREADY_CANCELLED", "failed", DeclineClass.HARD, "AGREEMENT_ALREADY_CANCELLED"),
        ("PAYER_ACCOUNT_LOCKED_OR_CLOSED", "failed", DeclineClass.HARD, "PAYER_ACCOUNT_LOCKED_OR_CLOSED"),
        ("PAYER_ACTION_REQUIRED", "failed", DeclineClass.NEEDS_CUSTOMER, "PAYER_ACTION_REQUIRED"),
        ("WANTS_PAYER", "failed", DeclineClass.NEEDS_CUSTOMER, "PAYER_ACTION_REQUIRED"),
    ],
)
def test_what_a_saved_account_does(gateway, account, attempt, paypal, saved, behaviour, state, decline, code):
    method = saved(behaviour)
    outcome = gateway.charge_saved(account, attempt, method)
    assert (outcome.state, outcome.decline, outcome.code) == (state, decline, code)
    assert outcome.method is None
    assert outcome.fee == (Money(48, "EUR") if state == "succeeded" else None)
    assert gateway.charge_saved(account, attempt, method) == outcome
    assert paypal.charges(attempt.key) == (state in ("succeeded", "processing"))


def test_what_is_forgotten_is_charged_no_more_and_twice_is_as_once(gateway, account, attempt, paypal, saved):
    method = saved()
    gateway.forget_saved(account, method)
    assert paypal.wallets == {}
    gateway.forget_saved(account, method)
    assert gateway.charge_saved(account, attempt, method).decline is DeclineClass.HARD


@pytest.mark.parametrize("kind", ["refused", "lost", "html"])
def test_what_could_not_be_forgotten_is_forgotten_at_the_next_try(gateway, account, paypal, saved, kind):
    method = saved()
    paypal.fault("DELETE /v3/vault/payment-tokens", kind)
    with pytest.raises(OutcomeUnknown):
        gateway.forget_saved(account, method)
    gateway.forget_saved(account, method)
    assert paypal.wallets == {}


def test_an_order_that_wants_its_payer_is_never_captured(gateway, account, attempt, paypal, saved):
    method = saved("WANTS_PAYER")
    outcome = gateway.charge_saved(account, attempt, method)
    known = replace(attempt, provider_ref=outcome.provider_ref, method_token=method.token)
    assert gateway.lookup(account, known) == outcome
    paypal.approve(outcome.provider_ref.removeprefix("order/"))
    assert gateway.lookup(account, known).state is AttemptState.UNKNOWN
    assert paypal.all("capture") == []


@pytest.mark.parametrize("kind", ["lost", "html", "empty", "cut"])
@pytest.mark.parametrize("token_is_known", [True, False])
def test_whatever_comes_instead_of_the_answer_it_is_unknown_and_one_charge(
    gateway, account, attempt, paypal, saved, kind, token_is_known
):
    method = saved()
    paypal.fault("POST /v2/checkout/orders", kind)
    with pytest.raises(OutcomeUnknown):
        gateway.charge_saved(account, attempt, method)
    seen = gateway.lookup(account, replace(attempt, method_token=method.token if token_is_known else ""))
    assert (seen.state, seen.amount) == (AttemptState.SUCCEEDED, attempt.amount)
    assert gateway.charge_saved(account, attempt, method) == seen
    assert paypal.charges(attempt.key) == 1


def test_a_request_that_never_arrived_can_not_arrive_later(gateway, account, attempt, paypal, saved):
    """The look-up takes the key: a charge that comes late is answered with an order that takes no money."""
    method = saved()
    paypal.fault("POST /v2/checkout/orders", "refused")
    with pytest.raises(OutcomeUnknown):
        gateway.charge_saved(account, attempt, method)
    known = replace(attempt, method_token=method.token)
    seen = gateway.lookup(account, known)
    assert seen == Outcome(AttemptState.FAILED, decline=DeclineClass.RATE_LIMITED, code="never_arrived")
    assert gateway.lookup(account, known) == seen
    with pytest.raises(OutcomeUnknown, match="not the order"):
        gateway.charge_saved(account, attempt, method)
    with pytest.raises(OutcomeUnknown, match="not the order"):
        gateway.start_checkout(account, attempt)
    assert paypal.charges(attempt.key) == 0


def test_a_doubt_that_outlives_the_keys_is_never_called_failed(gateway, account, attempt, paypal, saved):
    method = saved()
    paypal.fault("POST /v2/checkout/orders", "lost")
    with pytest.raises(OutcomeUnknown):
        gateway.charge_saved(account, attempt, method)
    paypal.forget_keys()
    old = replace(attempt, method_token=method.token, age=timedelta(hours=7))
    assert gateway.lookup(account, old) == Outcome(AttemptState.UNKNOWN)
    with pytest.raises(OutcomeUnknown) as doubted:
        gateway.charge_saved(account, attempt, method)
    assert doubted.value.code == "DUPLICATE_INVOICE_ID", "the second line of defence"
    assert paypal.charges(attempt.key) == 1


def test_a_doubt_that_outlives_the_keys_ends_when_paypal_tells(gateway, account, attempt, paypal, saved, told):
    paypal.fault("POST /v2/checkout/orders", "lost")
    with pytest.raises(OutcomeUnknown):
        gateway.charge_saved(account, attempt, saved())
    paypal.forget_keys()
    (fact,) = told("PAYMENT.CAPTURE.COMPLETED", "capture", paypal.all("capture")[0]["id"])
    assert (fact.reference, fact.outcome.state) == (attempt.key, "succeeded")


def test_an_account_whose_consent_was_taken_back_is_gone(gateway, account, attempt, paypal, saved):
    method = saved()
    paypal.wallets.clear()
    outcome = gateway.charge_saved(account, attempt, method)
    assert (outcome.state, outcome.decline, outcome.code) == ("failed", DeclineClass.HARD, "TOKEN_ID_NOT_FOUND")


def test_wrong_credentials_are_no_decline_of_the_payer(gateway, account, attempt, saved):
    wrong = replace(account, settings=replace(account.settings, client_secret="wrong"))
    with pytest.raises(GatewayRejected) as refused:
        gateway.charge_saved(wrong, attempt, saved())
    assert refused.value.decline is DeclineClass.CONFIG


def test_a_seller_s_account_that_is_restricted_is_no_decline_of_the_payer(gateway, account, attempt, saved):
    with pytest.raises(GatewayRejected) as refused:
        gateway.charge_saved(account, attempt, saved("PAYEE_BLOCKED_TRANSACTION"))
    assert (refused.value.code, refused.value.decline) == ("paypal_not_authorised", DeclineClass.CONFIG)


def test_too_many_requests_are_not_sent(gateway, account, attempt, paypal, saved):
    paypal.fault("POST /v2/checkout/orders", "status", status=429, issue="RATE_LIMIT_REACHED")
    with pytest.raises(GatewayUnreachable, match="too often"):
        gateway.charge_saved(account, attempt, saved())


def test_an_issue_that_is_not_known_is_no_decline():
    assert decline_of("AN_ISSUE_OF_NEXT_YEAR") is None
    assert of_capture({"processor_response": {"payment_advice_code": "03"}}) is DeclineClass.HARD
    assert of_capture({"processor_response": {"payment_advice_code": "02"}}) is DeclineClass.SOFT
