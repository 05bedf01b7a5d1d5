"""M-Pesa's column of the fault matrix: the whole shop around the gateway, and what must come of each fault."""

import pytest
from fake_mpesa import CREDENTIALS

from billhead.plugin import Money
from billhead.testing import GatewayFaults, PayingProvider


class MpesaDriver(PayingProvider):
    """Drives the stand-in. It calls once the payer has answered, and of a push it can't tell another currency."""

    def __init__(self, mpesa):
        self.mpesa = mpesa
        self.settings = {**CREDENTIALS, "url": mpesa.url, "timeout_seconds": 5}

    def pay(self, attempt):
        self.mpesa.confirm(self.mpesa.push_of(attempt.key))

    def tells(self, attempt, event):
        push = self.mpesa.push_of(attempt.key)
        return self.mpesa.answer(push) if push.code else None

    def misreports(self, attempt, minor, currency, reference):
        push = self.mpesa.push_of(attempt.key)
        if currency != "KES":
            return False
        push.amount = None if minor is None else minor // 100 if minor % 100 == 0 else f"{minor / 100:.2f}"
        if reference != attempt.key:
            push.path = f"/callbacks/token/{reference}." + "0" * 32 + "." + "0" * 16
        return True

    def moved(self, attempt):
        return self.mpesa.charges(attempt.key)


class TestMpesaFaults(GatewayFaults):
    gateway, signed = "mpesa", False
    owed, fields = Money(120_000, "KES"), {"phone": "0712 345 678"}

    @pytest.fixture
    def provider(self, mpesa):
        return MpesaDriver(mpesa)
