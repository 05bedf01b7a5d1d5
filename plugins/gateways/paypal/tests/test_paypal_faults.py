"""PayPal's column of the fault matrix: the whole shop around the gateway, and what must come of each fault."""

import pytest
from fake_paypal import CLIENT, SECRET, WEBHOOK

from billhead.plugin import SavedMethod
from billhead.testing import GatewayFaults, PayingProvider


class PayPalDriver(PayingProvider):
    """Drives the stand-in. To pay is to approve: the capture is the gateway's, and each event is about the order."""

    def __init__(self, paypal):
        self.paypal = paypal
        credentials = {"client_id": CLIENT, "client_secret": SECRET, "webhook_id": WEBHOOK}
        self.settings = {**credentials, "url": paypal.url, "timeout_seconds": 5}

    def pay(self, attempt):
        self.paypal.approve(self.paypal.order_of(attempt.key)["id"])

    def tells(self, attempt, event):
        order = self.paypal.order_of(attempt.key)["id"]
        return self.paypal.callback("CHECKOUT.ORDER.APPROVED", "order", order, event_id=f"{event}-{attempt.key}")

    def misreports(self, attempt, minor, currency, reference):
        (unit,) = self.paypal.order_of(attempt.key)["purchase_units"]
        unit["custom_id"] = reference
        unit["amount"] = {"value": f"{(minor or 0) / 100:.2f}", "currency_code": currency}
        if minor is None:
            del unit["amount"]
        return True

    def moved(self, attempt):
        return self.paypal.charges(attempt.key)

    def returned(self, attempt):
        return len(self.paypal.all("refund"))

    def forget_payer(self, attempt):
        """Their account is closed, after the money was taken."""
        order = self.paypal.order_of(attempt.key)["id"]
        self.paypal.capture_order(order, f"capture-{order}")
        del self.paypal.payers[order], self.paypal.rows["order"][order]["payment_source"]

    def saved(self):
        return SavedMethod(self.paypal.save(), "PayPal a•••@example.org")


class TestPayPalFaults(GatewayFaults):
    gateway = "paypal"

    @pytest.fixture
    def provider(self, paypal):
        return PayPalDriver(paypal)
