"""The gateway conforms, and what it sends is what the models of a package that nobody here wrote allow."""

import pytest
from fake_mpesa import CREDENTIALS
from mpesa_models import faults_of, message_faults

from billhead.plugin import Money
from billhead.testing import GatewayConformance
from billhead_mpesa.gateway import Mpesa


class TestMpesaConforms(GatewayConformance):
    claims = Mpesa().capabilities()
    amount, fields, signed = Money(120_000, "KES"), {"phone": "254712345678"}, False

    @pytest.fixture
    def gateway(self):
        return Mpesa()

    @pytest.fixture
    def account(self, account, mpesa):
        self.mpesa = mpesa
        return account

    def genuine_callback(self, account, attempt, event):
        Mpesa().start_checkout(account, attempt)
        return self.mpesa.answer(self.mpesa.confirm(self.mpesa.push_of(attempt.key)))


def test_what_is_sent_is_held_against_the_models(mpesa, account, gateway, attempt):
    """The checker refuses what is wrong: one that accepts everything would be worse than none."""
    gateway.start_checkout(account, attempt)
    good, path = mpesa.push_of(attempt.key).body, "/mpesa/stkpush/v1/processrequest"
    assert faults_of(path, good) == []
    for wrong in (
        {"Amount": 1200.5},
        {"PhoneNumber": "0712345678"},
        {"PhoneNumber": "+1 212 555 0100"},
        {"AccountReference": "INV-2026-000123"},
        {"AccountReference": ""},
        {"TransactionDesc": "INV-7 and one more"},
        {"TransactionType": "CustomerPaysOnline"},
        {"Timestamp": "20261128193001"},
        {"Password": ""},
        {"CallbackUrl": "https://shop.example"},
    ):
        assert faults_of(path, {**good, **wrong}), wrong
    assert faults_of(path, {name: value for name, value in good.items() if name != "PartyB"})
    asked = {name: good[name] for name in ("BusinessShortCode", "Password", "Timestamp")}
    assert faults_of("/mpesa/stkpushquery/v1/query", {**asked, "CheckoutRequestID": "ws_CO_1"}) == []
    assert faults_of("/mpesa/stkpushquery/v1/query", asked)
    urls = {"ConfirmationURL": "https://shop.example/a", "ValidationURL": "https://shop.example/b"}
    register = {"ShortCode": CREDENTIALS["shortcode"], "ResponseType": "Completed", **urls}
    assert faults_of("/mpesa/c2b/v2/registerurl", register) == []
    assert faults_of("/mpesa/c2b/v2/registerurl", {**register, "ResponseType": "completed"})
    assert faults_of("/mpesa/moon/v1", {})
    assert message_faults("deposit", {"TransID": "SKS0000001"})
    assert message_faults("answer", {"Body": {}})
