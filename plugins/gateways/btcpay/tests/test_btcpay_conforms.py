"""The gateway conforms, and what it sends is what BTCPay Server's published description allows."""

from dataclasses import replace

import pytest
from btcpay_spec import faults_of, needed, object_faults
from fake_btcpay import STORE

from billhead.plugin import RefundView
from billhead.testing import GatewayConformance
from billhead_btcpay.gateway import BTCPay


class TestBTCPayConforms(GatewayConformance):
    claims = BTCPay().capabilities()

    @pytest.fixture
    def gateway(self):
        return BTCPay()

    @pytest.fixture
    def account(self, account, btcpay):
        self.btcpay = btcpay
        return account

    @pytest.fixture
    def paid(self, gateway, account, attempt):
        invoice = gateway.start_checkout(account, attempt).provider_ref
        self.btcpay.pay(invoice, "11.90")
        return replace(attempt, provider_ref=invoice)

    def genuine_callback(self, account, attempt, event):
        invoice = BTCPay().start_checkout(account, attempt).provider_ref
        self.btcpay.pay(invoice, "11.90")
        return self.btcpay.callback(invoice, event_id=event)


def test_what_is_sent_is_held_against_the_description():
    """The checker refuses what is wrong: one that accepts everything would be worse than none."""
    needed()
    path = f"/api/v1/stores/{STORE}/invoices"
    good = {
        "amount": "11.90",
        "currency": "EUR",
        "metadata": {"orderId": "doc1-a1", "what_we_like": 1},
        "checkout": {"speedPolicy": "MediumSpeed", "expirationMinutes": 60, "paymentMethods": ["BTC-CHAIN"]},
    }
    assert faults_of("POST", path, {}, good) == []
    assert faults_of("POST", path, {}, {**good, "ammount": "11.90"})
    assert faults_of("POST", path, {}, {**good, "amount": 11.9})
    assert faults_of("POST", path, {}, {**good, "amount": "eleven"})
    assert faults_of("POST", path, {}, {**good, "metadata": {"orderId": 1}})
    assert faults_of("POST", path, {}, {**good, "checkout": {"speedPolicy": "Yesterday"}})
    assert faults_of("POST", path, {}, {**good, "checkout": {"paymentTolerance": 101}})
    assert faults_of("GET", path, {"order": "doc1-a1"}, None)
    assert faults_of("GET", f"{path}/inv1", {}, {"a": 1})
    assert faults_of("POST", f"{path}/inv1/refund", {}, {"refundVariant": "Custom", "customAmount": "1.00"}) == []
    assert faults_of("POST", f"{path}/inv1/refund", {}, {"customAmount": "1.00"})
    assert faults_of("GET", "/api/v1/moon/1", {}, None)


def test_the_stand_in_shows_objects_as_they_are_published(btcpay, account, gateway, attempt):
    needed()
    invoice = gateway.start_checkout(account, attempt).provider_ref
    btcpay.pay(invoice, "11.90")
    refund = RefundView("pay1-r1-0a0b0c", replace(attempt).amount, invoice, "asked for")
    pull_payment = gateway.refund(account, refund).provider_ref
    btcpay.claim(pull_payment, "11.90")
    wrong = object_faults("InvoiceData", btcpay.invoices[invoice])
    wrong += [fault for way in btcpay.methods[invoice] for fault in object_faults("InvoicePaymentMethodDataModel", way)]
    wrong += object_faults("PullPaymentData", btcpay.pull_payments[pull_payment])
    wrong += object_faults("PayoutData", btcpay.claims[pull_payment][0])
    assert wrong == []
