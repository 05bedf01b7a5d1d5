"""The gateway conforms, and what it sends is what PayPal's published description allows."""

from dataclasses import replace

import pytest
from paypal_spec import faults_of, needed, object_faults

from billhead.plugin import SavedMethod
from billhead.testing import GatewayConformance
from billhead_paypal.gateway import PayPal


class TestPayPalConforms(GatewayConformance):
    claims = PayPal().capabilities()

    @pytest.fixture
    def gateway(self):
        return PayPal()

    @pytest.fixture
    def account(self, account, paypal):
        self.paypal = paypal
        return account

    @pytest.fixture
    def saved_method(self, account, paypal):
        PayPal().start_checkout(account, self.new_attempt())  # a token of PayPal's is there, as it is in a shop
        return SavedMethod(paypal.save(), "PayPal a•••@example.org")

    def charges(self, attempt):
        return self.paypal.charges(attempt.key)

    def genuine_callback(self, account, attempt, event):
        PayPal().start_checkout(account, attempt)
        order = self.paypal.approve(self.paypal.order_of(attempt.key)["id"])
        return self.paypal.callback("CHECKOUT.ORDER.APPROVED", "order", order, event_id=event)


def test_what_is_sent_is_held_against_the_description():
    """The checker refuses what is wrong: one that accepts everything would be worse than none."""
    needed()
    path = "/v2/payments/captures/3C6/refund"
    good = {"amount": {"value": "1.00", "currency_code": "EUR"}, "custom_id": "refund-1", "note_to_payer": "sorry"}
    assert faults_of("POST", path, {}, good) == []
    assert faults_of("POST", path, {}, {**good, "ammount": good["amount"]})
    assert faults_of("POST", path, {}, {**good, "amount": {"value": 1.0, "currency_code": "EUR"}})
    assert faults_of("POST", path, {}, {**good, "amount": {"value": "1.00"}})
    assert faults_of("POST", path, {}, {**good, "note_to_payer": "x" * 256})
    order = {"intent": "CAPTURE", "purchase_units": [{"amount": good["amount"]}]}
    assert faults_of("POST", "/v2/checkout/orders", {}, order) == []
    assert faults_of("POST", "/v2/checkout/orders", {}, {**order, "intent": "GIFT"})
    assert faults_of("POST", "/v2/checkout/orders", {}, {**order, "payment_source": {"paypal": {"vault": "x"}}})
    by_merchant = {"vault_id": "x", "stored_credential": {"payment_initiator": "NOBODY"}}
    assert faults_of("POST", "/v2/checkout/orders", {}, {**order, "payment_source": {"paypal": by_merchant}})
    assert faults_of("GET", "/v1/customer/disputes", {"capture": "3C6"}, None)
    assert faults_of("GET", "/v2/checkout/moon/1", {}, None)


def test_the_stand_in_shows_objects_as_paypal_publishes_them(paypal, account):
    needed()
    checkout = PayPal().start_checkout(account, replace(GatewayConformance().new_attempt(), save_method=True))
    order = paypal.approve(checkout.provider_ref.removeprefix("order/"))
    wrong = object_faults("checkout_orders_v2.json", "order", paypal.shown("order", order))
    paypal.capture_order(order, "key")
    (capture,) = paypal.all("capture")
    paypal.refund_there(capture["id"], "1.00")
    paypal.dispute(capture["id"])
    wrong += object_faults("checkout_orders_v2.json", "order", paypal.shown("order", order))
    wrong += object_faults("payments_payment_v2.json", "capture-2", capture)
    wrong += object_faults("payments_payment_v2.json", "refund", paypal.all("refund")[0])
    wrong += object_faults("customer_disputes_v1.json", "dispute", paypal.all("dispute")[0])
    assert wrong == []
