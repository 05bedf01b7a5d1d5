"""Without the payer: renewals by a saved method, and every way in which that ends."""

from dataclasses import replace

import pytest
from fake_stripe import Card

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
from billhead_stripe.declines import decline_of, shown_code

OK = Card()


@pytest.fixture
def saved(stripe, attempt):
    """A method that is saved for the attempt's customer, who behaves as its card does."""

    def save(card=OK):
        who = {"billhead_reference": attempt.customer_ref}
        wish = {"name": attempt.customer_name, "email": attempt.customer_email, "metadata": who}
        customer = stripe.answer("POST", "/v1/customers", wish)["id"]
        return SavedMethod(f"{customer}/{stripe.card(card, customer)}", "Visa •••• 4242")

    return save


@pytest.mark.parametrize(
    ("behaviour", "state", "decline", "code"),
    [
        ("succeeded", "succeeded", None, ""),
        ("processing", "processing", None, ""),
        ("insufficient_funds", "failed", DeclineClass.SOFT, "insufficient_funds"),
        ("try_again_later", "failed", DeclineClass.SOFT, "try_again_later"),
        ("stop_payment_order", "failed", DeclineClass.HARD, "stop_payment_order"),
        ("lost_card", "failed", DeclineClass.HARD, "generic_decline"),
        ("expired_card", "failed", DeclineClass.HARD, "expired_card"),
        ("authentication", "failed", DeclineClass.NEEDS_CUSTOMER, "authentication_required"),
        ("requires_action", "failed", DeclineClass.NEEDS_CUSTOMER, "authentication_required"),
    ],
)
def test_what_a_saved_card_does(gateway, account, attempt, stripe, saved, behaviour, state, decline, code):
    method = saved(Card(off_session=behaviour))
    outcome = gateway.charge_saved(account, attempt, method)
    assert (outcome.state, outcome.decline, outcome.code) == (state, decline, code)
    assert (outcome.amount, outcome.method) == (attempt.amount, None)
    assert outcome.fee == (Money(30, "EUR") if state == "succeeded" else None)
    again = gateway.charge_saved(account, attempt, method)
    assert (again.state, again.decline, again.provider_ref) == (outcome.state, outcome.decline, outcome.provider_ref)
    assert len(stripe.all("payment_intent")) == 1
    seen = gateway.lookup(account, replace(attempt, method_token=method.token))
    assert (seen.state, seen.decline, seen.code) == (state, decline, code)


@pytest.mark.parametrize("behaviour", ["authentication", "requires_action"])
def test_where_the_bank_wants_the_payer_nothing_stays_open_to_be_paid_twice(
    gateway, account, attempt, stripe, saved, behaviour
):
    gateway.charge_saved(account, attempt, saved(Card(off_session=behaviour)))
    assert [intent["status"] for intent in stripe.all("payment_intent")] == ["canceled"]
    # the pay link: the same document, a new attempt on the page
    again = replace(attempt, key=f"{attempt.key}-page")
    start = gateway.start_checkout(account, again)
    stripe.pay(start.provider_ref)
    assert gateway.lookup(account, replace(again, provider_ref=start.provider_ref)).state is AttemptState.SUCCEEDED
    assert (stripe.charges(attempt.key), stripe.charges(again.key)) == (0, 1)


@pytest.mark.parametrize("kind", ["rate", "refused", "lost"])
def test_a_decline_is_known_also_where_the_payment_can_not_be_closed(gateway, account, attempt, stripe, saved, kind):
    stripe.fault("POST /v1/payment_intents/", kind)
    outcome = gateway.charge_saved(account, attempt, saved(Card(off_session="authentication")))
    assert (outcome.state, outcome.decline) == (AttemptState.FAILED, DeclineClass.NEEDS_CUSTOMER)


@pytest.mark.parametrize("kind", ["rate", "refused", "lost"])
def test_a_charge_that_waits_for_the_payer_and_can_not_be_closed_was_sent(
    gateway, account, attempt, stripe, saved, kind
):
    method = saved(Card(off_session="requires_action"))
    stripe.fault("POST /v1/payment_intents/", kind)
    with pytest.raises(OutcomeUnknown):
        gateway.charge_saved(account, attempt, method)
    seen = gateway.lookup(account, replace(attempt, method_token=method.token))
    assert (seen.state, seen.decline) == (AttemptState.FAILED, DeclineClass.NEEDS_CUSTOMER)
    assert [intent["status"] for intent in stripe.all("payment_intent")] == ["canceled"]


@pytest.mark.parametrize("kind", ["lost", "html", "empty", "cut"])
@pytest.mark.parametrize("token_is_known", [True, False])
def test_whatever_comes_instead_of_the_answer_it_is_unknown_and_one_charge(
    gateway, account, attempt, stripe, saved, kind, token_is_known
):
    method = saved()
    stripe.fault("POST /v1/payment_intents", kind)
    with pytest.raises(OutcomeUnknown):
        gateway.charge_saved(account, attempt, method)
    seen = gateway.lookup(account, replace(attempt, method_token=method.token if token_is_known else ""))
    assert (seen.state, seen.amount) == (AttemptState.SUCCEEDED, attempt.amount)
    assert gateway.charge_saved(account, attempt, method) == seen
    assert stripe.charges(attempt.key) == 1


def test_a_request_that_never_arrived_can_not_arrive_later(gateway, account, attempt, stripe, saved):
    """The look-up takes the key: the charge that comes late is refused, so `failed` is true and stays true."""
    method = saved()
    stripe.fault("POST /v1/payment_intents", "refused")
    with pytest.raises(OutcomeUnknown):
        gateway.charge_saved(account, attempt, method)
    known = replace(attempt, method_token=method.token)
    seen = gateway.lookup(account, known)
    assert seen == Outcome(AttemptState.FAILED, decline=DeclineClass.RATE_LIMITED, code="never_arrived")
    assert gateway.lookup(account, known) == seen
    with pytest.raises(OutcomeUnknown):
        gateway.charge_saved(account, attempt, method)
    assert stripe.charges(attempt.key) == 0


def test_a_charge_that_arrives_while_it_is_looked_for_is_not_called_failed(gateway, account, attempt, stripe, saved):
    """The payments are listed, then the charge arrives, then the key is asked for: it is taken."""
    method = saved()
    stripe.fault("POST /v1/payment_intents", "lost")
    with pytest.raises(OutcomeUnknown):
        gateway.charge_saved(account, attempt, method)
    hidden = stripe.rows.pop("payment_intent")
    known = replace(attempt, method_token=method.token)
    assert gateway.lookup(account, known) == Outcome(AttemptState.UNKNOWN)
    stripe.rows["payment_intent"] = hidden
    assert gateway.lookup(account, known).state is AttemptState.SUCCEEDED


def test_a_doubt_that_outlives_the_keys_is_still_found(gateway, account, attempt, stripe, saved):
    method = saved()
    stripe.fault("POST /v1/payment_intents", "lost")
    with pytest.raises(OutcomeUnknown):
        gateway.charge_saved(account, attempt, method)
    stripe.forget_keys()
    for _ in range(250):  # and much has been paid since
        stripe.answer("POST", "/v1/payment_intents", {"amount": "1", "currency": "eur", "customer": "cus_000001"})
    known = replace(attempt, method_token=method.token)
    assert gateway.lookup(account, known).state is AttemptState.SUCCEEDED


@pytest.mark.parametrize("gone", ["customer", "payment_method"])
def test_what_was_deleted_at_stripe_is_a_method_that_is_gone(gateway, account, attempt, stripe, saved, gone):
    method = saved()
    stripe.rows[gone].clear()
    outcome = gateway.charge_saved(account, attempt, method)
    assert (outcome.state, outcome.decline, outcome.code) == ("failed", DeclineClass.HARD, "no_such_method")


def test_what_is_forgotten_is_charged_no_more_and_twice_is_as_once(gateway, account, attempt, stripe, saved):
    method = saved()
    for _ in range(2):
        gateway.forget_saved(account, method)
        assert [one["customer"] for one in stripe.all("payment_method")] == [None]
    stripe.rows["payment_method"].clear()  # somebody has deleted it there
    gateway.forget_saved(account, method)


@pytest.mark.parametrize("fault", [None, "lost", "rate"])
def test_with_the_last_method_its_customer_goes_once_however_often_it_is_tried(gateway, account, stripe, saved, fault):
    method = saved()
    gateway.forget_saved(account, method)
    assert not stripe.all("customer")[0].get("deleted"), "more of theirs is saved or under way"
    if fault:
        stripe.fault("DELETE /v1/customers/", fault)
        with pytest.raises((OutcomeUnknown, GatewayUnreachable)):
            gateway.forget_saved(account, replace(method, last=True))
    for _ in range(2):
        gateway.forget_saved(account, replace(method, last=True))
        assert stripe.all("customer")[0]["deleted"]


def test_who_is_erased_and_has_saved_nothing_is_deleted_by_their_payments(gateway, account, attempt, stripe):
    page = gateway.start_checkout(account, attempt)
    references = (page.provider_ref, "cs_of_nobody", "pi_of_nobody", "")
    stripe.fault("DELETE /v1/customers/", "lost")
    with pytest.raises(OutcomeUnknown):
        gateway.forget_payer(account, references)
    for _ in range(2):
        gateway.forget_payer(account, references)
        assert [one.get("deleted") for one in stripe.all("customer")] == [True]


@pytest.mark.parametrize(("kind", "error"), [("refused", OutcomeUnknown), ("lost", OutcomeUnknown),
                                             ("status", OutcomeUnknown), ("rate", GatewayUnreachable)])  # fmt: skip
def test_what_could_not_be_forgotten_is_forgotten_at_the_next_try(gateway, account, stripe, saved, kind, error):
    method = saved()
    stripe.fault("POST /v1/payment_methods/", kind)
    with pytest.raises(error):
        gateway.forget_saved(account, method)
    gateway.forget_saved(account, method)
    assert [one["customer"] for one in stripe.all("payment_method")] == [None]


def test_a_method_is_not_called_forgotten_because_our_keys_are_refused(gateway, account, stripe, saved):
    method = saved()
    wrong = replace(account, settings=replace(account.settings, api_key="sk_test_wrong"))
    with pytest.raises(GatewayRejected):
        gateway.forget_saved(wrong, method)
    assert stripe.all("payment_method")[0]["customer"]


def test_a_wrong_key_is_no_decline_of_the_payer(gateway, account, attempt, saved):
    wrong = replace(account, settings=replace(account.settings, api_key="sk_test_wrong"))
    with pytest.raises(GatewayRejected) as refused:
        gateway.charge_saved(wrong, attempt, saved())
    assert refused.value.decline is DeclineClass.CONFIG


def test_too_many_requests_are_not_sent(gateway, account, attempt, stripe, saved):
    stripe.fault("POST /v1/payment_intents", "rate")
    with pytest.raises(GatewayUnreachable, match="too often"):
        gateway.charge_saved(account, attempt, saved())


@pytest.mark.parametrize(
    ("error", "decline"),
    [
        ({"code": "card_declined", "decline_code": "generic_decline"}, DeclineClass.SOFT),
        ({"code": "card_declined", "decline_code": "insufficient_funds", "advice_code": "do_not_try_again"}, "hard"),
        ({"code": "card_declined", "decline_code": "authentication_required"}, DeclineClass.NEEDS_CUSTOMER),
        ({"code": "incorrect_number"}, DeclineClass.HARD),
        ({"code": "processing_error"}, DeclineClass.SOFT),
        ({"code": "a code of next year"}, DeclineClass.SOFT),
        ({}, DeclineClass.SOFT),
    ],
)
def test_the_first_match_wins(error, decline):
    assert decline_of(error) == decline


@pytest.mark.parametrize("code", ["fraudulent", "lost_card", "stolen_card"])
def test_the_payer_is_not_told_what_their_bank_suspects(code):
    assert shown_code({"code": "card_declined", "decline_code": code}) == "generic_decline"
