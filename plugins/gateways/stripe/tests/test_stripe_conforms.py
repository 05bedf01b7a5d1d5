"""The gateway conforms, and what it sends is what Stripe's published description allows."""

from dataclasses import replace

import pytest
from fake_stripe import Card
from stripe_spec import faults_of, needed, unlike_the_fixture

from billhead.plugin import RawCallback, SavedMethod
from billhead.testing import GatewayConformance, clock
from billhead_stripe.gateway import Stripe


class TestStripeConforms(GatewayConformance):
    claims = Stripe().capabilities()

    @pytest.fixture
    def gateway(self):
        return Stripe()

    @pytest.fixture
    def account(self, account, stripe):
        self.stripe = stripe
        return account

    @pytest.fixture
    def saved_method(self, stripe):
        customer = stripe.answer("POST", "/v1/customers", {"name": "Ada", "email": "ada@example.org", "metadata": {}})
        return SavedMethod(f"{customer['id']}/{stripe.card(Card(), customer['id'])}", "Visa •••• 4242")

    def charges(self, attempt):
        return self.stripe.charges(attempt.key)

    def genuine_callback(self, account, attempt, event):
        checkout = Stripe().start_checkout(account, attempt)
        intent = self.stripe.pay(checkout.provider_ref)
        body = self.stripe.event("payment_intent", intent, kind="succeeded", event_id=event)
        return RawCallback("/callbacks/token", "", self.stripe.headers(body), body, clock.now())


def test_what_is_sent_is_held_against_the_description():
    """The checker refuses what is wrong: one that accepts everything would be worse than none."""
    needed()
    good = {"payment_intent": "pi_1", "amount": "100", "reason": "requested_by_customer", "metadata": {"a": "b"}}
    assert faults_of("POST", "/v1/refunds", {}, good) == []
    assert faults_of("POST", "/v1/refunds", {}, {**good, "ammount": "100"})
    assert faults_of("POST", "/v1/refunds", {}, {**good, "reason": "whim"})
    assert faults_of("POST", "/v1/refunds", {}, {**good, "amount": "1.5"})
    assert faults_of("GET", "/v1/refunds", {"payment": "pi_1"}, {})
    assert faults_of("POST", "/v1/moon", {}, {})


def test_the_stand_in_shows_objects_as_stripe_publishes_them(stripe, account):
    needed()
    conformance = GatewayConformance()
    checkout = Stripe().start_checkout(account, replace(conformance.new_attempt(), save_method=True))
    intent = stripe.pay(checkout.provider_ref)
    stripe.refund_there(intent, 100)
    stripe.dispute(intent)
    stripe.payout(100)
    kinds = [kind for kind in stripe.rows if not kind.startswith("_")]
    assert len(kinds) == 9
    assert [fault for kind in kinds for row in stripe.all(kind) for fault in unlike_the_fixture(kind, row)] == []
