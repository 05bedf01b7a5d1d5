"""BTCPay Server's column of the fault matrix: the whole shop around the gateway, and what must come of each fault."""

import pytest
from fake_btcpay import KEY, SECRET, STORE

from billhead.testing import GatewayFaults, PayingProvider


class BTCPayDriver(PayingProvider):
    """Drives the stand-in: coins come, and each message is about the invoice."""

    def __init__(self, btcpay):
        self.btcpay = btcpay
        store = {"url": btcpay.url, "store_id": STORE, "api_key": KEY, "webhook_secret": SECRET}
        self.settings = {**store, "timeout_seconds": 5}

    def pay(self, attempt):
        self.btcpay.pay(self._invoice(attempt)["id"], f"{attempt.amount.decimal():f}")

    def tells(self, attempt, event):
        return self.btcpay.callback(self._invoice(attempt)["id"], event_id=f"{event}-{attempt.key}")

    def misreports(self, attempt, minor, currency, reference):
        """Coins that came short or over, a server that calls paid what is not, and figures that are missing."""
        row = self._invoice(attempt)
        row["currency"] = currency
        row["metadata"]["billhead_reference"] = reference
        (payment,) = self.btcpay.payments(row["id"])
        payment["value"] = f"{minor / 5_000_000:.8f}" if minor is not None else None
        if minor == 1254:
            row |= {"status": "Expired", "additionalStatus": "PaidPartial"}
        if minor == 1256:
            row["additionalStatus"] = "PaidOver"
        return True

    def moved(self, attempt):
        return sum(len(self.btcpay.payments(row["id"])) for row in self.btcpay.made_for(attempt.key))

    def returned(self, attempt):
        return len(self.btcpay.pull_payments)

    def _invoice(self, attempt):
        (row,) = self.btcpay.made_for(attempt.key)
        return row


class TestBTCPayFaults(GatewayFaults):
    gateway = "btcpay"
    expected = {"short": "credited", "over": "credited"}

    @pytest.fixture
    def provider(self, btcpay):
        return BTCPayDriver(btcpay)
